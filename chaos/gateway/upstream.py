"""Connections to what the gateway stands in front of, kept open between requests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

import httptools

IDLE = 64
"""Idle connections kept."""
IDLE_S = 15.0
"""Older ones are not used: servers close theirs after 15 s to 75 s, and a request may cross the closing."""
CONNECT_S = 5.0
HTTPS_PORT = 443
FINAL = 200
"""Statuses below announce an answer still to come."""


class Downstream(Protocol):
    """Who waits for an answer."""

    def asked_all(self) -> bool:
        """Tell whether the whole request has been handed over."""

    def throttle(self, *, paused: bool) -> None:
        """Stop or resume handing over: upstream reads slowly, or has caught up."""

    def answer_bytes(self, data: bytes) -> None:
        """Take raw bytes of the answer."""

    def answer_ended(self, status: int, *, reusable: bool) -> None:
        """Learn that the answer is complete."""

    def answer_failed(self, *, silent: bool) -> None:
        """Learn that the connection ended in the middle; `silent` when not a byte had come."""


class Upstream(asyncio.Protocol):
    """One connection; serves one request at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._downstream: Downstream | None = None
        self._head_only = False
        self._silent = True
        self._status = 0
        self.used = False
        self.idle_since = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a TCP client is handed a Transport

    def begin(self, downstream: Downstream, *, head_only: bool) -> None:
        """Serve `downstream` next; `head_only` answers have no body whatever their headers say."""
        self._downstream = downstream
        self._head_only = head_only
        self._silent = True
        self._status = 0
        self._parser = httptools.HttpResponseParser(self)

    def abandon(self) -> None:
        """The one who waited has gone."""
        self._downstream = None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        downstream = self._downstream
        if downstream is None:
            self.transport.abort()  # nobody asked for anything
            return
        self._silent = False
        downstream.answer_bytes(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail()

    def connection_lost(self, error: Exception | None) -> None:
        self._pool.forget(self)
        downstream, self._downstream = self._downstream, None
        if downstream is None:
            return
        if self._status and error is None:  # a body without a length ends so; a cut one the client notices
            downstream.answer_ended(self._status, reusable=False)
        else:
            downstream.answer_failed(silent=self._silent)

    def pause_writing(self) -> None:
        if self._downstream:
            self._downstream.throttle(paused=True)

    def resume_writing(self) -> None:
        if self._downstream:
            self._downstream.throttle(paused=False)

    # What httptools calls while it parses.

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= FINAL:
            self._status = status
            if self._head_only:
                self._complete()

    def on_message_complete(self) -> None:
        if self._status and not self._head_only:
            self._complete()

    def _complete(self) -> None:
        downstream, self._downstream = self._downstream, None
        if downstream is None:
            return
        keep_alive = self._parser.should_keep_alive()
        if keep_alive and downstream.asked_all() and not self.transport.get_write_buffer_size():
            self._pool.give_back(self)
        else:
            keep_alive = False
            self.transport.close()
        downstream.answer_ended(self._status, reusable=keep_alive)

    def _fail(self) -> None:
        downstream, self._downstream = self._downstream, None
        self.transport.abort()
        if downstream:
            downstream.answer_failed(silent=self._silent)


class Pool:
    """Connections to one address, over TLS when there is a context for it."""

    def __init__(
        self, host: str, port: int, now: Callable[[], float], tls: ssl.SSLContext | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._now = now
        self._tls = tls
        self.host: bytes | None = None
        """What requests must be renamed to: over TLS a server of many names looks at it."""
        if tls:
            self.host = f"{host}:{port}".encode() if port != HTTPS_PORT else host.encode()
        self.idle: list[Upstream] = []

    def take(self) -> Upstream | None:
        """Return an idle connection, None when there is none."""
        while self.idle:
            upstream = self.idle.pop()
            if upstream.transport.is_closing():
                continue
            if self._now() - upstream.idle_since < IDLE_S:
                upstream.used = True
                return upstream
            upstream.transport.close()
        return None

    async def connect(self) -> Upstream:
        """Open a connection; raise OSError when that fails or takes longer than CONNECT_S."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, upstream = await loop.create_connection(
                lambda: Upstream(self), self._host, self._port, ssl=self._tls
            )
        return upstream

    def give_back(self, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        if len(self.idle) < IDLE and not upstream.transport.is_closing():
            upstream.idle_since = self._now()
            upstream.transport.resume_reading()  # a slow client may have paused it at the last byte
            self.idle.append(upstream)
        else:
            upstream.transport.close()

    def forget(self, upstream: Upstream) -> None:
        """Drop a connection that has ended."""
        if upstream in self.idle:
            self.idle.remove(upstream)

    def close(self) -> None:
        """Close the idle connections."""
        for upstream in self.idle:
            upstream.transport.abort()
        self.idle.clear()
