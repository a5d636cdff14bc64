"""The load: one client for all, which checks every answer while it times it."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import uvloop

from tests.bench.injection.upstream import BODY, BULK_REQUEST, HEAD_END, REQUEST, head

GIVE_UP_S = 10.0
HEAD_BYTES_MAX = 2048
"""Proxies add some headers, not more than this."""
BUFFER_BYTES = 2**18


class WrongError(Exception):
    """An answer was not the upstream's, or did not come."""


@dataclass(slots=True)
class Load:
    """What a closed loop of some connections saw; `busy` is the client's share of a core."""

    took_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    busy: float = 0.0

    @property
    def p50_us(self) -> float:
        return statistics.median(self.took_s) * 1e6

    @property
    def per_s(self) -> float:
        return len(self.took_s) / self.seconds


class Caller(asyncio.Protocol):
    """One connection that asks again as soon as it is answered, until told otherwise."""

    def __init__(self, load: Load) -> None:
        self._took_s = load.took_s
        self._held = b""
        self._asked_at = self._until = 0.0
        self.idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP client is handed a Transport

    def ask_until(self, moment: float) -> None:
        self._until = moment
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        data = self._held + data
        if not right(data):
            self._wait_for_more(data)
            return
        self._held = b""
        now = time.perf_counter()
        self._took_s.append(now - self._asked_at)
        if now < self._until:
            self._ask()
        else:
            self._end()

    def _wait_for_more(self, data: bytes) -> None:
        self._held = data
        if not data.startswith(b"HTTP/1.1 200 "[: len(data)]) or len(data) > HEAD_BYTES_MAX + len(BODY):
            self._end(WrongError(f"answered {data[:80]!r}"))

    def connection_lost(self, _error: Exception | None) -> None:
        self._end(WrongError("closed a connection"))

    def _end(self, error: WrongError | None = None) -> None:
        if self.idle.done():
            return
        if error:
            self.idle.set_exception(error)
        else:
            self.idle.set_result(None)

    def close(self) -> None:
        self._transport.abort()


def right(answer: bytes) -> bool:
    """Tell whether this is one whole answer of upstream's; the headers are the proxy's own affair."""
    return (
        answer.endswith(BODY)
        and answer.startswith(b"HTTP/1.1 200 ")
        and answer.find(HEAD_END) + len(HEAD_END) + len(BODY) == len(answer)
    )


def requests(port: int, *, connections: int, for_s: float) -> Load:
    """Ask over kept-open connections for so long."""
    return uvloop.run(_requests(port, connections, for_s))


async def _requests(port: int, connections: int, for_s: float) -> Load:
    loop, load = asyncio.get_running_loop(), Load()
    callers: list[Caller] = []
    try:
        async with within(for_s):
            for _ in range(connections):
                _, caller = await loop.create_connection(lambda: Caller(load), "127.0.0.1", port)
                callers.append(caller)
            began, busy_s = time.perf_counter(), time.process_time()
            for caller in callers:
                caller.ask_until(began + for_s)
            await asyncio.gather(*(caller.idle for caller in callers))
            load.seconds = time.perf_counter() - began
            load.busy = (time.process_time() - busy_s) / load.seconds
    finally:
        for caller in callers:
            caller.close()
        await asyncio.sleep(0)  # a transport closes at the loop's next turn, and there may be none
    return load


class Sink(asyncio.BufferedProtocol):
    """Counts what arrives until it has `expected` bytes; copies nothing."""

    def __init__(self, expected_bytes: int, done: Callable[[], None]) -> None:
        self._left_bytes = expected_bytes
        self._done = done
        self._buffer = bytearray(BUFFER_BYTES)

    def get_buffer(self, _hint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, n: int) -> None:
        self._left_bytes -= n
        if not self._left_bytes:
            self._done()


def bulk_mb_per_s(port: int, size: int) -> float:
    """Fetch one body of `size` bytes; return MB (10^6) per second from asking to its last byte."""
    return uvloop.run(_bulk(port, size)) / 1e6


async def _bulk(port: int, size: int) -> float:
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    async with within(0.0):
        make = lambda: Sink(len(head(size)) + size, arrived.set)
        transport, _ = await loop.create_connection(make, "127.0.0.1", port)
        began = time.perf_counter()
        transport.write(BULK_REQUEST)
        await arrived.wait()
    transport.abort()
    return size / (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def within(for_s: float) -> AsyncIterator[None]:
    """GIVE_UP_S more than so long, then WrongError; it is one as well when nobody listens."""
    try:
        async with asyncio.timeout(for_s + GIVE_UP_S):
            yield
    except TimeoutError:
        raise WrongError("did not answer in time") from None
    except OSError as error:
        raise WrongError(f"cannot be reached: {error.strerror}") from None
