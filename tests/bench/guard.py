"""What a guard adds to one call, ours beside its peers in one run: ratios hold, absolutes do not.

healthy: over a plain call (over a plain await where the peer is asynchronous)
blocked: all of it, with raising and catching where the peer raises

example: python tests/bench/guard.py --json
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[2])  # not this folder: its guard.py is not the package

NEEDED = ("pybreaker", "circuitbreaker", "purgatory", "aiobreaker", "interlock-cb", "redis")
FORCES = 300
QUICK = 20
"""--quick makes this many times fewer of everything: for a look at the shape, not at the figures."""
HEALTHY_US, BLOCKED_US, OF_INTERLOCK, IDLE_MS, BUSY_MS, HIT_MS = 3.0, 2.0, 0.25, 10.0, 20.0, 10.0
OUTBOX_US = 1.0

Figures = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object with every figure")
    parser.add_argument("--quick", action="store_true", help="a few calls only: shows the shape")
    options = parser.parse_args(argv)
    missing = [name for name in NEEDED if not _version(name)]
    if missing:
        return _stop(f"missing {', '.join(missing)}: pip install 'zep-guard[bench]'")
    from chaos.stack.readiness import StackError
    from tests.bench.push import LostError

    try:
        with redis_server() as url:
            figures = measure(url, QUICK if options.quick else 1)
    except (StackError, LostError) as error:
        return _stop(str(error))
    print(json.dumps(figures) if options.json else table(figures))
    return 0


@contextmanager
def redis_server() -> Iterator[str]:
    from chaos.stack.readiness import free_port
    from chaos.stack.redis_server import find_binary

    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        argv = [find_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as server:
            try:
                yield _answering(f"redis://127.0.0.1:{port}/0")
            finally:
                server.terminate()


def measure(url: str, share: int) -> Figures:
    """Count before the peers run: their pollers would be heard in Redis."""
    from tests.bench import cost, push, trips, writes

    logging.getLogger("guard").setLevel(logging.ERROR)  # transitions are the point here, not news
    figures: Figures = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "versions": {name: _version(name) for name in (*NEEDED, "zep-guard")},
        "rounds": cost.ROUNDS,
        "round_trips": trips.round_trips(url),
        "cache_hit": trips.cache_hit(url, cost.CALLS // share),
        "outbox_us": writes.outbox_us(url, share),
    }
    for how in ("idle", "busy"):
        took = push.latencies_ms(url, f"{{{uuid.uuid4().hex}}}:", how, FORCES // share)
        figures[f"force_{how}_ms"] = {"p50": _at(took, 0.5), "p99": _at(took, 0.99), "forces": len(took)}
    figures["added_us"] = cost.added_us(url, share)
    return figures | {"goals": goals(figures)}


def goals(figures: Figures) -> list[Figures]:
    """Judge the best round of each: noise only ever adds."""
    rows = {(row["name"], row["shared"]): row for row in figures["added_us"]}
    own, peer = rows["zep-guard", True], rows["interlock-cb", True]
    healthy, blocked = own["healthy"]["min"], own["blocked"]["min"]
    trips, hit = figures["round_trips"], figures["cache_hit"]
    of_interlock = round(healthy / peer["healthy"]["min"], 3)
    idle, busy = figures["force_idle_ms"]["p99"], figures["force_busy_ms"]["p99"]
    wrong = len(mistimed(figures))
    outbox = figures["outbox_us"]
    more = round(outbox["on"]["min"] - outbox["off"]["min"], 2)
    judged = [
        (f"healthy read, shared <= {HEALTHY_US} us", healthy, healthy <= HEALTHY_US),
        (f"of interlock-cb's, shared <= {OF_INTERLOCK}", of_interlock, of_interlock <= OF_INTERLOCK),
        (f"blocked read, shared <= {BLOCKED_US} us", blocked, blocked <= BLOCKED_US),
        ("round trips, healthy = 0", trips["healthy"], trips["healthy"] == 0),
        ("round trips, blocked = 0", trips["blocked"], trips["blocked"] == 0),
        (f"a force elsewhere, idle: p99 <= {IDLE_MS} ms", idle, idle <= IDLE_MS),
        (f"a force elsewhere, busy: p99 <= {BUSY_MS} ms", busy, busy <= BUSY_MS),
        ("a cache hit = 1 round trip", hit["round_trips"], hit["round_trips"] == 1),
        (f"a cache hit <= {HIT_MS} ms", hit["ms"], hit["ms"] <= HIT_MS),
        (f"a write with the outbox on: <= {OUTBOX_US} us more", more, more <= OUTBOX_US),
        (
            "a write with the outbox on = 0 round trips",
            outbox["on"]["round_trips"],
            not outbox["on"]["round_trips"],
        ),
        ("rows that timed another state than they name = 0", wrong, wrong == 0),
    ]
    return [{"goal": goal, "measured": measured, "met": met} for goal, measured, met in judged]


def mistimed(figures: Figures) -> list[str]:
    """Name the rows whose healthy calls did not all reach the backend, or whose blocked ones did."""
    rows = figures["added_us"]
    return [
        _name(row) for row in rows if (row["healthy"]["reached"], row["blocked"]["reached"]) != (1.0, 0.0)
    ]


def table(figures: Figures) -> str:
    lines = [f"{'us: min / median (times ours)':<36}{'healthy adds':>28}{'blocked costs':>28}"]
    for row in figures["added_us"]:
        cells = (_cell(row[state]) for state in ("healthy", "blocked"))
        lines.append(f"{_name(row):<36}" + "".join(f"{cell:>28}" for cell in cells))
    lines += ["", *(f"{_met(goal):<7} {goal['goal']}: {goal['measured']}" for goal in figures["goals"])]
    lines += [f"        not as named: {name}" for name in mistimed(figures)]
    return "\n".join(lines)


def _name(row: Figures) -> str:
    return f"{row['name']}{', shared through Redis' if row['shared'] else ''}"


def _cell(took: Figures) -> str:
    return f"{took['min']:.2f} / {took['median']:.2f} ({took['times_ours']:.1f}x)"


def _met(goal: Figures) -> str:
    return "met" if goal["met"] else "MISSED"


def _answering(url: str) -> str:
    import redis

    # redis-py's own retry is the wait: up to 5 s in steps of 20 ms.
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250)
    with redis.Redis.from_url(url, retry=retry, retry_on_error=[redis.ConnectionError]) as client:
        client.ping()
    return url


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def _stop(why: str) -> int:
    sys.stderr.write(f"guard.py: {why}\n")
    return 2


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
