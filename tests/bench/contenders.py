"""Breakers side by side: each guards the same constant backend, healthy and then open."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from unittest import mock

import redis
from prometheus_client import CollectorRegistry

from guard import Kind, MemoryGuard, Policy
from guard.clock import SystemClock
from guard.deadline import Adaptive
from guard.listeners import Listener
from guard.machine import Failed
from guard.metrics import Metrics
from guard.parts import Parts
from guard.policy import RAMP
from guard.ports import Cache, Memory, Reading
from guard.stores.cache import RedisCache
from guard.stores.connection import connect
from guard.stores.memory import LocalCache, MemoryStore
from guard.stores.redis import RedisStore

FACTS = Reading("facts")


class ConstantMemory:
    """Answers at once: what is left is what a guard adds."""

    idempotent = True

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        return FACTS

    def write(self, *_args: object, **_options: object) -> None:
        """Not measured."""

    def probe(self, *_args: object, **_options: object) -> None:
        raise TimeoutError  # stays open

    def close(self) -> None:
        """Nothing to give up."""


MEMORY = ConstantMemory()


def read() -> Reading:
    """The call that the peers guard."""
    return MEMORY.read("t", timeout_ms=250)


def fail() -> Reading:
    raise OSError("down")


async def aread() -> Reading:
    return read()


async def afail() -> Reading:
    return fail()


@dataclass(frozen=True)
class Contender:
    """`run(n)` makes n guarded calls and returns seconds; `trip` opens the breaker for good."""

    name: str
    shared: bool
    run: Callable[[int], float]
    trip: Callable[[], object]
    close: Callable[[], object] = lambda: None
    awaits: bool = False
    """What a plain call costs is another figure under an event loop."""
    plain: bool = False

    def asked(self, n: int) -> int:
        """Return how many of n calls reach the backend; never while timing, which it would slow down."""
        # The only backend there is, replaced to be counted: everybody's calls end in its read.
        with mock.patch.object(MEMORY, "read", return_value=FACTS) as backend:
            self.run(n)
        return backend.call_count


def timed(call: Callable[..., object], *args: object) -> Callable[[int], float]:
    def run(n: int) -> float:
        began = time.perf_counter()
        for _ in range(n):
            try:  # noqa: SIM105 - a `with` would be timed too
                call(*args)
            except Exception:  # noqa: BLE001, S110 - rejections are timed
                pass
        return time.perf_counter() - began

    return run


def atimed(
    runner: asyncio.Runner, call: Callable[..., Awaitable[object]], *args: object
) -> Callable[[int], float]:
    async def loop(n: int) -> float:
        began = time.perf_counter()
        for _ in range(n):
            try:  # noqa: SIM105 - a `with` would be timed too
                await call(*args)
            except Exception:  # noqa: BLE001, S110 - rejections are timed
                pass
        return time.perf_counter() - began

    return lambda n: runner.run(loop(n))


def plain(_url: str | None) -> Contender:
    return Contender("plain call", False, timed(read), lambda: None, plain=True)


def awaited(_url: str | None) -> Contender:
    runner = asyncio.Runner()
    run = atimed(runner, aread)
    return Contender("plain await", False, run, lambda: None, runner.close, awaits=True, plain=True)


def ours(url: str | None) -> Contender:
    guard = our_guard(url)
    trip = lambda: guard._core.watch.apply(Failed(Kind.AUTH, 0, "t"))
    return Contender("zep-guard", bool(url), timed(guard.fetch_context, "t"), trip, guard.close)


def stale(url: str | None) -> Contender:
    """The same with stale contexts on and the cache off: what a read leaves for an outage."""
    guard = our_guard(url, Policy(stale_s=600, context_ttl_s=0))
    trip = lambda: guard._core.watch.apply(Failed(Kind.AUTH, 0, "t"))
    return Contender("zep-guard, stale on", bool(url), timed(guard.fetch_context, "t"), trip, guard.close)


def gentle(url: str | None) -> Contender:
    """The same with slow reads noticed, a ramp, a deadline that follows and a listener: all that watches."""
    policy = Policy(slow_ms=200, ramp_percent=RAMP)
    guard = our_guard(url, policy, adaptive=Adaptive.ON, listeners=(lambda _event: None,))
    trip = lambda: guard._core.watch.apply(Failed(Kind.AUTH, 0, "t"))
    name = "zep-guard, slow reads, ramp, deadline and listener on"
    return Contender(name, bool(url), timed(guard.fetch_context, "t"), trip, guard.close)


def traced(url: str | None) -> Contender | None:
    """The same with a recorded OpenTelemetry span around each read; its exporter drops it."""
    try:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
    except ImportError:
        return None

    class Nowhere(SpanExporter):
        def export(self, _spans: object) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    from guard.otel import TracedMemory

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Nowhere()))
    guard = our_guard(url, memory=TracedMemory(MEMORY, provider.get_tracer("bench")))
    trip = lambda: guard._core.watch.apply(Failed(Kind.AUTH, 0, "t"))
    name = "zep-guard, OpenTelemetry on"
    return Contender(name, bool(url), timed(guard.fetch_context, "t"), trip, guard.close)


def our_guard(
    url: str | None,
    policy: Policy | None = None,
    *,
    prefix: str = "",
    cached: bool = False,
    memory: Memory = MEMORY,
    adaptive: Adaptive = Adaptive.SHADOW,
    listeners: tuple[Listener, ...] = (),
) -> MemoryGuard:
    clock, policy, prefix = SystemClock(), policy or Policy(), prefix or f"{{{uuid.uuid4().hex}}}:"
    store = RedisStore(connect(url), policy, clock, prefix) if url else MemoryStore(policy, clock)
    cache: Cache | None = LocalCache(clock, stale_s=policy.stale_s) if policy.stale_s else None
    if url and (cached or policy.stale_s):
        cache = RedisCache(connect(url).hasty, clock, prefix, policy.stale_s)
    parts = Parts(
        memory,
        store,
        policy,
        adaptive=adaptive,
        metrics=Metrics(CollectorRegistry()),
        cache=cache,
        listeners=listeners,
    )
    return MemoryGuard(parts)


def pybreaker(url: str | None) -> Contender:
    import pybreaker as peer

    storage = peer.CircuitMemoryStorage("closed")
    if url:
        storage = peer.CircuitRedisStorage("closed", redis.Redis.from_url(url), namespace=uuid.uuid4().hex)
    breaker = peer.CircuitBreaker(fail_max=3, reset_timeout=600, state_storage=storage)
    trip = lambda: timed(breaker.call, fail)(4)
    return Contender("pybreaker", bool(url), timed(breaker.call, read), trip)


def circuitbreaker(url: str | None) -> Contender | None:
    import circuitbreaker as peer

    if url:
        return None  # has no shared state
    breaker = peer.CircuitBreaker(failure_threshold=3, recovery_timeout=600, name=uuid.uuid4().hex)
    return Contender("circuitbreaker", False, timed(breaker(read)), lambda: timed(breaker.call, fail)(4))


def purgatory(url: str | None) -> Contender:
    import purgatory as peer

    if url:
        return shared_purgatory(url)
    breaker = peer.SyncCircuitBreakerFactory(default_threshold=3, default_ttl=600).get_breaker("zep")

    def guarded(call: Callable[[], Reading]) -> Reading:
        with breaker:
            return call()

    return Contender("purgatory", False, timed(guarded, read), lambda: timed(guarded, fail)(4))


def shared_purgatory(url: str) -> Contender:
    import purgatory as peer

    runner = asyncio.Runner()
    factory = peer.AsyncCircuitBreakerFactory(3, 600, uow=peer.AsyncRedisUnitOfWork(url))
    name = uuid.uuid4().hex
    runner.run(factory.initialize())

    async def guarded(call: Callable[[], Awaitable[Reading]]) -> Reading:
        async with await factory.get_breaker(name):
            return await call()

    trip = lambda: atimed(runner, guarded, afail)(4)
    return Contender("purgatory", True, atimed(runner, guarded, aread), trip, runner.close, awaits=True)


def aiobreaker(url: str | None) -> Contender:
    import aiobreaker as peer
    from aiobreaker.storage.memory import CircuitMemoryStorage
    from aiobreaker.storage.redis import CircuitRedisStorage

    closed = peer.CircuitBreakerState.CLOSED
    storage = CircuitMemoryStorage(closed)
    if url:
        storage = CircuitRedisStorage(closed, redis.Redis.from_url(url), namespace=uuid.uuid4().hex)
    breaker = peer.CircuitBreaker(fail_max=3, timeout_duration=timedelta(seconds=600), state_storage=storage)
    runner = asyncio.Runner()
    trip = lambda: atimed(runner, breaker.call_async, afail)(4)
    run = atimed(runner, breaker.call_async, aread)
    return Contender("aiobreaker", bool(url), run, trip, runner.close, awaits=True)


def interlock(url: str | None) -> Contender:
    import interlock as peer

    storage = None
    if url:
        from interlock.integrations.redis import RedisStorage

        storage = RedisStorage(redis.Redis.from_url(url), key_prefix=f"{uuid.uuid4().hex}:")
    config = peer.Config(minimum_number_of_calls=3, wait_duration_in_open=600)
    breaker = peer.CircuitBreaker(name="zep", config=config, storage=storage)
    trip = lambda: timed(breaker.call, fail)(200)  # half of its window must fail
    return Contender("interlock-cb", bool(url), timed(breaker.call, read), trip, breaker.close)


PLAIN = (plain, awaited)
GUARDS = (ours, stale, gentle, traced, pybreaker, circuitbreaker, purgatory, aiobreaker, interlock)


def contenders(url: str) -> Iterator[Contender]:
    """The plain calls, then everybody in memory, then everybody who can through Redis."""
    for make in PLAIN:
        yield make(None)
    for where in (None, url):
        for make in GUARDS:
            contender = make(where)
            if contender:
                yield contender
