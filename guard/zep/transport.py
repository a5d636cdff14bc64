"""A hard deadline for everything httpx does.

httpx's timeouts are per socket operation: a slow drip of 18 s passed a 1 s timeout (measured).  Here every
operation gets what is left until the deadline of the whole call, headers and body included.  Name look-ups
cannot be interrupted, so connecting happens in a thread that is left behind when time is up.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Thread
from typing import Any

import httpcore
import httpx

_deadline: ContextVar[_Deadline | None] = ContextVar("zep_guard_deadline", default=None)


class _Deadline:
    """Until when the current call may run; `connect_s` is a budget of its own that does not use it up."""

    def __init__(self, timeout_s: float, connect_s: float | None) -> None:
        self._at = time.monotonic() + timeout_s
        self._connect_s = connect_s

    def left_s(self) -> float:
        return self._at - time.monotonic()

    def connect_left_s(self) -> float:
        return self.left_s() if self._connect_s is None else self._connect_s

    def connected(self, took_s: float) -> None:
        if self._connect_s is not None:
            self._at += took_s
            self._connect_s = max(0.0, self._connect_s - took_s)


@contextmanager
def deadline(timeout_s: float, connect_s: float | None = None) -> Iterator[None]:
    """End every httpx call made inside by `timeout_s`; connecting may take `connect_s` on top when given."""
    token = _deadline.set(_Deadline(timeout_s, connect_s))
    try:
        yield
    finally:
        _deadline.reset(token)


def client(*, connections: int) -> httpx.Client:
    """Return an httpx client that honours `deadline`; outside of one it has 5 s per operation."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = httpx.HTTPTransport(limits=limits, retries=0, trust_env=False)
    # httpx has no public way to hand httpcore a network backend; tests/guard/zep would notice.
    transport._pool._network_backend = _Backend()  # noqa: SLF001 - see above
    return httpx.Client(transport=transport, timeout=httpx.Timeout(5.0, pool=0.05), trust_env=False)


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        current = _deadline.get()
        left_s = current.connect_left_s() if current else timeout
        began = time.monotonic()
        stream = _within(
            left_s,
            lambda: self._inner.connect_tcp(host, port, left_s, local_address, socket_options),
        )
        if current:
            current.connected(time.monotonic() - began)
        return _Stream(stream)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self.close = inner.close  # type: ignore[method-assign]  # plain pass-through
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        current = _deadline.get()
        left_s = current.connect_left_s() if current else timeout
        began = time.monotonic()
        stream = self._inner.start_tls(ssl_context, server_hostname, left_s)
        if current:
            current.connected(time.monotonic() - began)
        return _Stream(stream)


def _left(timeout: float | None, expired: type[Exception]) -> float | None:
    current = _deadline.get()
    if current is None:
        return timeout
    left_s = current.left_s()
    if left_s <= 0:
        raise expired("the call's deadline has passed")
    return left_s if timeout is None else min(timeout, left_s)


def _within(timeout_s: float | None, connect: Any) -> httpcore.NetworkStream:
    """Run `connect` in a thread; when time is up leave it behind and close what it may still bring."""
    future: Future[httpcore.NetworkStream] = Future()

    def run() -> None:
        try:
            future.set_result(connect())
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            future.set_exception(error)

    Thread(target=run, name="zep-guard-connect", daemon=True).start()
    try:
        return future.result(timeout_s)
    except TimeoutError:
        future.add_done_callback(_close_late)
        raise httpcore.ConnectTimeout("the call's deadline has passed") from None


def _close_late(future: Future[httpcore.NetworkStream]) -> None:
    if future.exception() is None:
        future.result().close()
