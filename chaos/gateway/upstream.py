"""Connections to what the gateway stands in front of, kept open between requests."""

from __future__ import annotations

import asyncio
from typing import Protocol

import httptools

IDLE = 64
"""Idle connections kept."""
CONTINUE = 100


class Downstream(Protocol):
    """Who waits for an answer."""

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
        self.used = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a TCP client is handed a Transport

    def begin(self, downstream: Downstream, *, head_only: bool) -> None:
        """Serve `downstream` next; `head_only` answers have no body whatever their headers say."""
        self._downstream = downstream
        self._head_only = head_only
        self._silent = True
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

    def eof_received(self) -> bool | None:
        return None

    def connection_lost(self, _error: Exception | None) -> None:
        self._pool.forget(self)
        if self._downstream:
            self._fail()

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    # What httptools calls while it parses.

    def on_headers_complete(self) -> None:
        if self._head_only:
            self._complete()

    def on_message_complete(self) -> None:
        if not self._head_only and self._parser.get_status_code() != CONTINUE:
            self._complete()

    def _complete(self) -> None:
        downstream, self._downstream = self._downstream, None
        if downstream is None:
            return
        reusable = self._parser.should_keep_alive()
        status = self._parser.get_status_code()
        if reusable:
            self._pool.give_back(self)
        else:
            self.transport.close()
        downstream.answer_ended(status, reusable=reusable)

    def _fail(self) -> None:
        downstream, self._downstream = self._downstream, None
        self.transport.abort()
        if downstream:
            downstream.answer_failed(silent=self._silent)


class Pool:
    """Connections to one address."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._idle: list[Upstream] = []

    def take(self) -> Upstream | None:
        """Return an idle connection, None when there is none."""
        while self._idle:
            upstream = self._idle.pop()
            if not upstream.transport.is_closing():
                upstream.used = True
                return upstream
        return None

    async def connect(self) -> Upstream:
        """Open a connection; raise OSError when that fails."""
        loop = asyncio.get_running_loop()
        _, upstream = await loop.create_connection(lambda: Upstream(self), self._host, self._port)
        return upstream

    def give_back(self, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        if len(self._idle) < IDLE and not upstream.transport.is_closing():
            self._idle.append(upstream)
        else:
            upstream.transport.close()

    def forget(self, upstream: Upstream) -> None:
        """Drop a connection that has ended."""
        if upstream in self._idle:
            self._idle.remove(upstream)

    def close(self) -> None:
        """Close the idle connections."""
        for upstream in self._idle:
            upstream.transport.abort()
        self._idle.clear()
