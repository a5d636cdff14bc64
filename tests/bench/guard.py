"""What a guard adds to one call, ours beside its peers in one run: ratios hold, absolutes do not.

example: python tests/bench/guard.py --json
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[2])  # not this folder: its guard.py is not the package

import redis

from chaos.stack.readiness import free_port
from chaos.stack.redis_server import find_binary
from guard.machine import Force
from guard.modes import Mode
from tests.bench import contenders, push

PEERS = ("pybreaker", "circuitbreaker", "purgatory", "aiobreaker", "interlock-cb")
ROUNDS, CALLS, SHARED_CALLS, FORCES = 7, 20_000, 2_000, 200
QUICK = 20
"""--quick makes this many times fewer of everything: for a look at the shape, not at the figures."""
SETTLE_S = 0.1
HEALTHY_US, BLOCKED_US, OF_INTERLOCK, IDLE_MS, BUSY_MS, HIT_MS = 3.0, 2.0, 0.25, 10.0, 20.0, 10.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object with every figure")
    parser.add_argument("--quick", action="store_true", help="a few calls only: shows the shape")
    options = parser.parse_args(argv)
    missing = [name for name in PEERS if not _version(name)]
    if missing:
        sys.stderr.write(f"guard.py: missing {', '.join(missing)}: pip install 'zep-guard[bench]'\n")
        return 2
    with redis_server() as url:
        figures = measure(url, QUICK if options.quick else 1)
    print(json.dumps(figures) if options.json else table(figures))
    return 0


@contextmanager
def redis_server() -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        argv = [find_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as server:
            url = f"redis://127.0.0.1:{port}/0"
            retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250)
            redis.Redis.from_url(url, retry=retry, retry_on_error=[redis.ConnectionError]).ping()
            try:
                yield url
            finally:
                server.terminate()


def measure(url: str, share: int) -> dict[str, Any]:
    logging.getLogger("guard").setLevel(logging.ERROR)  # transitions are the point here, not news
    figures: dict[str, Any] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "versions": {name: _version(name) for name in (*PEERS, "redis", "zep-guard")},
        "rounds": ROUNDS,
        "added_us": added_us(url, share),
        "round_trips": round_trips(url),
        "cache_hit": cache_hit(url, share),
    }
    for how in ("idle", "busy"):
        took = push.latencies_ms(url, f"{{{uuid.uuid4().hex}}}:", how, FORCES // share)
        figures[f"force_{how}_ms"] = {"p50": _at(took, 0.5), "p99": _at(took, 0.99), "forces": len(took)}
    figures["goals"] = goals(figures)
    return figures


def added_us(url: str, share: int) -> list[dict[str, Any]]:
    """Time everybody in turn, round by round, so that a noisy second hits all alike."""
    entered = list(contenders.contenders(url))
    seconds: dict[tuple[int, str], list[float]] = {}
    for state in ("healthy", "blocked"):
        for _ in range(ROUNDS):
            for n, one in enumerate(entered):
                calls = (SHARED_CALLS if one.shared and one.name != "zep-guard" else CALLS) // share
                seconds.setdefault((n, state), []).append(one.run(calls) / calls * 1e6)
        for one in entered:
            one.trip()
    plain = min(seconds[0, "healthy"])
    rows = []
    for n, one in enumerate(entered[1:], 1):
        row: dict[str, Any] = {"name": one.name, "shared": one.shared}
        for state, off in (("healthy", plain), ("blocked", 0.0)):
            took = seconds[n, state]
            row[state] = {"min": _us(min(took) - off), "median": _us(statistics.median(took) - off)}
        rows.append(row)
    for one in entered:
        one.close()
    return rows


def round_trips(url: str) -> dict[str, int]:
    """Count what 1,000 calls ask of Redis; the listener's heartbeat apart."""
    guard, client = contenders.our_guard(url), redis.Redis.from_url(url)
    before = -1
    while before != (before := _commands(client)):  # until the listener has introduced itself
        time.sleep(SETTLE_S)
    counted = {}
    for state in ("healthy", "blocked"):
        before = _commands(client)
        for _ in range(1000):
            guard.fetch_context("t")
        counted[state] = _commands(client) - before
        guard._core.watch.apply(Force(Mode.WRITE_ONLY, "manual", 600, "bench"))
    guard.close()
    client.close()
    return counted


def cache_hit(url: str, share: int) -> dict[str, float]:
    guard, client, calls = contenders.our_guard(url, cached=True), redis.Redis.from_url(url), CALLS // share
    guard.fetch_context("t")
    before = _commands(client)
    rounds = [contenders.timed(lambda: guard.fetch_context("t"))(calls) for _ in range(3)]
    trips = (_commands(client) - before) / (3 * calls)
    guard.close()
    client.close()
    return {"ms": round(min(rounds) / calls * 1000, 4), "round_trips": round(trips, 2)}


def goals(figures: dict[str, Any]) -> list[dict[str, Any]]:
    rows = {(row["name"], row["shared"]): row for row in figures["added_us"]}
    own = rows["zep-guard", True]
    healthy, blocked = own["healthy"]["min"], own["blocked"]["min"]
    peer = rows["interlock-cb", True]["healthy"]["min"]
    measured = {
        f"healthy read, shared <= {HEALTHY_US} us": (healthy, HEALTHY_US),
        f"of interlock-cb's, shared <= {OF_INTERLOCK}": (round(healthy / peer, 3), OF_INTERLOCK),
        f"blocked read, shared <= {BLOCKED_US} us": (blocked, BLOCKED_US),
        "round trips, healthy = 0": (figures["round_trips"]["healthy"], 0),
        "round trips, blocked = 0": (figures["round_trips"]["blocked"], 0),
        f"a force elsewhere, idle: p99 <= {IDLE_MS} ms": (figures["force_idle_ms"]["p99"], IDLE_MS),
        f"a force elsewhere, busy: p99 <= {BUSY_MS} ms": (figures["force_busy_ms"]["p99"], BUSY_MS),
        "a cache hit = 1 round trip": (figures["cache_hit"]["round_trips"], 1.0),
        f"a cache hit <= {HIT_MS} ms": (figures["cache_hit"]["ms"], HIT_MS),
    }
    return [{"goal": name, "measured": got, "met": got <= most} for name, (got, most) in measured.items()]


def table(figures: dict[str, Any]) -> str:
    lines = [f"{'added to one call, us: min / median':<38}{'healthy':>18}{'blocked':>18}"]
    for row in figures["added_us"]:
        name = f"{row['name']}{', shared through Redis' if row['shared'] else ''}"
        cells = (f"{row[state]['min']} / {row[state]['median']}" for state in ("healthy", "blocked"))
        lines.append(f"{name:<38}" + "".join(f"{cell:>18}" for cell in cells))
    lines += ["", *(f"{_met(goal):<6} {goal['goal']}: {goal['measured']}" for goal in figures["goals"])]
    return "\n".join(lines)


def _met(goal: dict[str, Any]) -> str:
    return "met" if goal["met"] else "MISSED"


def _commands(client: redis.Redis) -> int:
    apart = ("cmdstat_info", "cmdstat_ping", "cmdstat_subscribe", "cmdstat_client|setinfo")
    stats = client.info("commandstats")
    return sum(stat["calls"] for name, stat in stats.items() if name not in apart)


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def _us(value: float) -> float:
    return round(value, 2)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
