"""A real Redis for the guard's tests, and stores that can be told that time has passed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from passing_time import age
from ports import free_port
from prometheus_client import CollectorRegistry

from chaos.stack.redis_server import find_binary
from guard.machine import Event, State, Verb
from guard.policy import Policy
from guard.ports import Store
from guard.stores.connection import connect
from guard.stores.memory import MemoryStore
from guard.stores.redis import RedisStore
from guard.testing import ManualClock


@dataclass
class RedisServer:
    """A real server of our own on a port of its own."""

    url: str
    start: Callable[[], None]
    stop: Callable[[], None]
    signal: Callable[[int], None]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    yield from (server.url for server in _serve())


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server that the test may stop and start."""
    yield from _serve()


def _serve() -> Iterator[RedisServer]:
    folder = Path(tempfile.mkdtemp(prefix="zep-guard-redis-"))
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        argv = [find_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        with (folder / "log").open("ab") as log:
            running.append(subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log))
        _await_ping(url)

    def stop() -> None:
        while running:
            process = running.pop()
            process.kill()
            process.wait()

    def send(number: int) -> None:
        running[-1].send_signal(number)

    start()
    try:
        yield RedisServer(url, start, stop, send)
    finally:
        stop()
        shutil.rmtree(folder)


def _await_ping(url: str) -> None:
    # redis-py's own retry is the wait: up to 5 s in steps of 20 ms.
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250)
    with redis.Redis.from_url(url, retry=retry, retry_on_error=[redis.ConnectionError]) as client:
        client.ping()


class Bench:
    """A store under test; `elapse` makes time pass for it."""

    def __init__(self, store: Store, elapse: Callable[[float], None], clock: ManualClock) -> None:
        self.store = store
        self.elapse = elapse
        self.clock = clock

    def tell(self, event: Event) -> Verb:
        return self.store.apply(event)[1]

    @property
    def state(self) -> State:
        return self.store.read()

    def left_s(self) -> float:
        return self.state.until - self.clock.monotonic()


@pytest.fixture(params=["memory", "redis"])
def bench(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Bench]:
    if request.param == "memory":
        yield Bench(MemoryStore(Policy(), clock), clock.advance, clock)
        return
    connections = connect(request.getfixturevalue("redis_url"))
    prefix = f"{{{uuid.uuid4().hex}}}:"
    store = RedisStore(connections, Policy(), clock, prefix)
    yield Bench(store, lambda seconds: age(connections.patient, f"{prefix}state", seconds), clock)
    store.close()
