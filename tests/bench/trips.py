"""What calls ask of Redis, counted by Redis."""

from __future__ import annotations

import time
from typing import Any

import redis

from guard import MemoryGuard
from guard.machine import Force
from guard.modes import Mode
from tests.bench.contenders import our_guard, timed

CALLS = 1000
SETTLE_S = 0.1
APART = ("cmdstat_info", "cmdstat_ping", "cmdstat_subscribe")
"""Our own question, and the listener's: its heartbeat, and how it begins."""


def round_trips(url: str) -> dict[str, Any]:
    """Count for CALLS healthy and as many blocked reads, and say how those were answered."""
    guard = our_guard(url)
    with redis.Redis.from_url(url) as client:
        healthy, found = _trips(guard, client)
        guard._core.watch.apply(Force(Mode.WRITE_ONLY, "manual", 600, "bench"))
        blocked, refused = _trips(guard, client)
    guard.close()
    return {"healthy": healthy, "blocked": blocked, "answers": {"healthy": found, "blocked": refused}}


def cache_hit(url: str, calls: int) -> dict[str, float]:
    """Return what a read costs whose answer the fleet knows: milliseconds, the best of three rounds."""
    guard = our_guard(url, cached=True)
    guard.fetch_context("t")
    with redis.Redis.from_url(url) as client:
        before = settled(client)
        rounds = [timed(guard.fetch_context, "t")(calls) for _ in range(3)]
        trips = (settled(client) - before) / (3 * calls)
    guard.close()
    return {"ms": round(min(rounds) / calls * 1000, 4), "round_trips": round(trips, 2)}


def settled(client: redis.Redis) -> int:
    """Return the commands so far, once no more come: a listener introduces itself, a report may lag."""
    before, now = -1, _commands(client)
    while before != now:
        time.sleep(SETTLE_S)
        before, now = now, _commands(client)
    return now


def _trips(guard: MemoryGuard, client: redis.Redis) -> tuple[int, list[str]]:
    before = settled(client)
    answers = {str(guard.fetch_context("t").answer) for _ in range(CALLS)}
    return settled(client) - before, sorted(answers)


def _commands(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    return sum(stat["calls"] for name, stat in stats.items() if name not in APART)
