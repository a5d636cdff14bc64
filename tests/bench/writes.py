"""What a healthy write costs with the outbox off and on: the backend takes it at once."""

from __future__ import annotations

import statistics
import uuid
from contextlib import ExitStack

import redis
from prometheus_client import CollectorRegistry

from guard import MemoryGuard, Policy
from guard.clock import SystemClock
from guard.metrics import Metrics
from guard.parts import Parts
from guard.stores.connection import connect
from guard.stores.outbox import RedisOutbox
from guard.stores.redis import RedisStore
from tests.bench.contenders import MEMORY, timed
from tests.bench.trips import settled

ROUNDS, CALLS = 7, 5_000
SAID = [{"role": "user", "content": "I like tea"}]


def outbox_us(url: str, share: int) -> dict[str, dict[str, float]]:
    """Return microseconds a write, in turn round by round, and what 1,000 of them ask of Redis."""
    calls = CALLS // share
    with ExitStack() as stack:
        guards = {name: stack.enter_context(_guard(url, on=name == "on")) for name in ("off", "on")}
        took: dict[str, list[float]] = {name: [] for name in guards}
        for _ in range(ROUNDS):
            for name, guard in guards.items():
                took[name].append(timed(guard.add_messages, "t", SAID)(calls) / calls * 1e6)
    return {
        name: {
            "min": round(min(us), 2),
            "median": round(statistics.median(us), 2),
            "round_trips": _trips(url, name),
        }
        for name, us in took.items()
    }


def _trips(url: str, name: str) -> int:
    """Without threads beside the caller: the worker looks four times a second, whoever writes."""
    with redis.Redis.from_url(url) as client, _guard(url, on=name == "on", threaded=False) as guard:
        before = settled(client)
        timed(guard.add_messages, "t", SAID)(1000)
        return settled(client) - before


def _guard(url: str, *, on: bool, threaded: bool = True) -> MemoryGuard:
    connections, prefix, clock = connect(url), f"{{{uuid.uuid4().hex}}}:", SystemClock()
    policy = Policy(outbox_limit=1000 if on else 0)
    outbox = RedisOutbox(connections.patient, policy, prefix) if on else None
    store = RedisStore(connections, policy, clock, prefix)
    metrics = Metrics(CollectorRegistry())
    return MemoryGuard(Parts(MEMORY, store, policy, metrics=metrics, outbox=outbox, threaded=threaded))
