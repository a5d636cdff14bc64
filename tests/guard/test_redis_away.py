"""Redis lost, hung or slow: callers do not notice, processes protect themselves, and soon agree again."""

from __future__ import annotations

import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from awaiting import eventually
from prometheus_client import CollectorRegistry

from guard import Kind, MemoryGuard, Mode, Policy
from guard.clock import SystemClock
from guard.errors import StoreError
from guard.metrics import Metrics
from guard.parts import Parts
from guard.stores.cache import RedisCache
from guard.stores.connection import connect
from guard.stores.redis import RedisStore
from guard.testing import ScriptedMemory

STALL_MS = 5.0
SLACK_MS = (
    4.0  # what this machine's scheduler may add; a command timeout of redis-py's own would be 100 and more
)


class Fleet:
    """Guards of one Redis, each with the parts that its own process would have."""

    def __init__(self) -> None:
        self.prefix = f"{{{uuid.uuid4().hex}}}:"
        self.guards: list[MemoryGuard] = []
        self.registries: list[CollectorRegistry] = []

    def join(self, url: str, memory: ScriptedMemory) -> MemoryGuard:
        connections, clock, policy = connect(url), SystemClock(), Policy()
        self.registries.append(CollectorRegistry())
        parts = Parts(
            memory,
            RedisStore(connections, policy, clock, self.prefix),
            policy,
            metrics=Metrics(self.registries[-1]),
            cache=RedisCache(connections.hasty, clock, self.prefix),
        )
        self.guards.append(MemoryGuard(parts))
        eventually(lambda: self.store_up(-1))
        return self.guards[-1]

    def store_up(self, which: int) -> bool:
        return self.registries[which].get_sample_value("memory_guard_store_up") == 1


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    fleet = Fleet()
    yield fleet
    for guard in fleet.guards:
        guard.close()


def slowest_ms(guard: MemoryGuard, calls: int) -> list[float]:
    """Each call asks about a thread of its own: nothing is cached, every outcome is told."""
    took = []
    for n in range(calls):
        began = time.perf_counter()
        guard.fetch_context(f"t{n}")
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


@pytest.mark.parametrize("answer", ["facts", Kind.CLIENT, Kind.TIMEOUT], ids=str)
def test_no_call_waits_more_than_5_ms_for_a_redis_that_hangs(fleet, own_redis, answer):
    memory = ScriptedMemory()
    guard = fleet.join(own_redis.url, memory)
    if isinstance(answer, Kind):
        memory.fails(answer)
    own_redis.signal(signal.SIGSTOP)
    took = slowest_ms(guard, 100)
    own_redis.signal(signal.SIGCONT)
    assert took[-3] < STALL_MS + SLACK_MS
    if answer is Kind.TIMEOUT:
        assert guard.mode is Mode.WRITE_ONLY


def test_no_call_waits_more_than_5_ms_for_a_redis_that_is_slow(fleet, redis_url):
    memory = ScriptedMemory()
    with Slow(redis_url, delay_s=0.05) as slow:
        guard = fleet.join(slow.url, memory)
        memory.fails(Kind.TIMEOUT)
        assert slowest_ms(guard, 3)[-1] < STALL_MS + SLACK_MS
        assert guard.mode is Mode.WRITE_ONLY  # at once, here
        other = fleet.join(redis_url, memory)  # and by way of Redis for everybody, if late
        eventually(lambda: other.mode is Mode.WRITE_ONLY)


def test_a_process_that_tripped_alone_tells_the_others_within_1_s_of_redis_coming_back(fleet, own_redis):
    memory = ScriptedMemory()
    alone, other = fleet.join(own_redis.url, memory), fleet.join(own_redis.url, ScriptedMemory())
    own_redis.stop()
    eventually(lambda: not fleet.store_up(0) and not fleet.store_up(1))
    memory.fails(Kind.AUTH)
    alone.fetch_context("t")
    assert (alone.mode, other.mode) == (Mode.WRITE_ONLY, Mode.READ_WRITE)
    with seen(alone) as modes:
        own_redis.start()  # empty: it has lost its data
        assert eventually(lambda: other.mode is Mode.WRITE_ONLY) < 1
        eventually(lambda: fleet.store_up(0) and fleet.store_up(1))
    assert modes == {Mode.WRITE_ONLY}  # no flap


def test_a_redis_that_comes_back_empty_reopens_nothing_and_is_told_within_1_s(fleet, own_redis):
    memory = ScriptedMemory()
    guards = [fleet.join(own_redis.url, memory) for _ in range(2)]
    memory.fails(Kind.AUTH)
    guards[0].fetch_context("t")
    eventually(lambda: guards[1].mode is Mode.WRITE_ONLY)
    with seen(*guards) as modes:
        own_redis.stop()
        eventually(lambda: not fleet.store_up(0) and not fleet.store_up(1))
        own_redis.start()
        assert eventually(lambda: fleet.store_up(0) and fleet.store_up(1)) < 1
    assert modes == {Mode.WRITE_ONLY}
    assert fleet.join(own_redis.url, memory).mode is Mode.WRITE_ONLY


class seen:  # noqa: N801 - reads as a word: with seen(guard) as modes
    """All modes that guards show meanwhile."""

    def __init__(self, *guards: MemoryGuard) -> None:
        self._guards = guards
        self._modes: set[Mode] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.001):
            self._modes |= {guard.mode for guard in self._guards}

    def __enter__(self) -> set[Mode]:
        self._thread.start()
        return self._modes

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


class Slow:
    """A TCP proxy that holds every answer back for a while: slow, and complete."""

    def __init__(self, redis_url: str, delay_s: float) -> None:
        self._target = ("127.0.0.1", int(redis_url.rsplit(":", 1)[1].split("/", maxsplit=1)[0]))
        self._delay_s = delay_s
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def __enter__(self) -> Slow:  # noqa: PYI034 - no subclasses
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._sockets):
            each.close()

    def _start(self, run: Callable[..., None], *args: object) -> None:
        self._threads.append(threading.Thread(target=run, args=args))
        self._threads[-1].start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            server = socket.create_connection(self._target)
            self._sockets += [client, server]
            self._start(self._pump, client, server, 0.0)
            self._start(self._pump, server, client, self._delay_s)

    def _pump(self, source: socket.socket, sink: socket.socket, delay_s: float) -> None:
        source.settimeout(0.1)
        with suppress(OSError):  # either side may leave
            while not self._over.is_set():
                with suppress(TimeoutError):
                    piece = source.recv(65536)
                    self._over.wait(delay_s)  # the delay is the fault, not a wait for something to happen
                    sink.sendall(piece)
                    if not piece:
                        break
            sink.shutdown(socket.SHUT_WR)


def test_a_store_that_is_closed_takes_nothing_from_under_a_reader(redis_url):
    """A guard is closed while its prober waits for an answer: redis-py raises whatever it stumbles over."""
    store, over, others = RedisStore(connect(redis_url), Policy(), SystemClock()), threading.Event(), []

    def read() -> None:
        while not over.is_set():
            try:
                store.read()
            except StoreError:
                pass
            except Exception as error:  # noqa: BLE001 - what must not get out
                others.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(2000):
        store.close()
    over.set()
    for reader in readers:
        reader.join()
    assert set(others) == set()
