"""The client's side of the gateway: parse a request, ask the rules, forward or break."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import httptools

from chaos.faults import Hang, Status
from chaos.gateway.log import Entry, Log
from chaos.gateway.rules import Decision, Rules
from chaos.gateway.upstream import Pool, Upstream
from chaos.web import MAX_HEAD_BYTES, MAX_PIPELINED
from chaos.zep.errors import error_body

REPLAY_BYTES = 64 * 2**10
"""A request up to this size is sent again when a kept-open connection turns out to be dead."""
HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"expect")


@dataclass
class Floor:
    """What all connections of one gateway share."""

    rules: Rules
    log: Log
    pool: Pool
    now: Callable[[], float]
    """Monotonic seconds; not the loop's time, which uvloop reads once per turn."""
    connections: set[Client] = field(default_factory=set)


@dataclass(eq=False)
class Exchange:
    """One request and its answer."""

    method: str
    entry: Entry
    decision: Decision
    keep_alive: bool
    chunked: bool
    raw: bytearray
    """Bytes for upstream that it has not been given yet; kept for a replay while small."""
    complete: bool = False
    answered: bool = False
    sent: int = 0
    asked_at: float = 0.0
    upstream: Upstream | None = None
    starting: asyncio.Task[None] | None = None


class Client(asyncio.Protocol):
    """One connection of a client; its requests are answered in order."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._exchanges: deque[Exchange] = deque()
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP server hands us a Transport
        self._floor.connections.add(self)
        self._begin_head()

    def connection_lost(self, _error: Exception | None) -> None:
        self._floor.connections.discard(self)
        for exchange in self._exchanges:
            if exchange.starting:
                exchange.starting.cancel()
            if exchange.upstream:
                exchange.upstream.abandon()
        self._exchanges.clear()

    def drop(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(HTTPStatus.BAD_REQUEST)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def pause_writing(self) -> None:
        """The client reads slowly: so do we."""
        if self._exchanges and self._exchanges[0].upstream:
            self._exchanges[0].upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._exchanges and self._exchanges[0].upstream:
            self._exchanges[0].upstream.transport.resume_reading()

    # What httptools calls while it parses a request.

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        method = self._parser.get_method().decode("latin1")
        path = self._target.partition(b"?")[0].decode("latin1")
        lower = {name.lower(): value.lower() for name, value in self._headers}
        decision = self._floor.rules.decide(method, path, self._floor.now())
        exchange = Exchange(
            method=method,
            entry=self._floor.log.arrived(method, path, probe=b"x-guard-probe" in lower, fault=decision.name),
            decision=decision,
            keep_alive=self._parser.should_keep_alive(),
            chunked=b"chunked" in lower.get(b"transfer-encoding", b""),
            raw=bytearray(self._head(method)),
        )
        self._exchanges.append(exchange)
        if lower.get(b"expect") == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._exchanges) == 1:
            self._start(exchange)

    def on_body(self, body: bytes) -> None:
        exchange = self._exchanges[-1]
        if exchange.decision.fault is None:
            framed = b"%x\r\n%b\r\n" % (len(body), body) if exchange.chunked else body
            self._pass_on(exchange, framed)

    def on_message_complete(self) -> None:
        exchange = self._exchanges[-1]
        exchange.complete = True
        if exchange.decision.fault is None and exchange.chunked:
            self._pass_on(exchange, b"0\r\n\r\n")
        self._begin_head()
        if exchange is self._exchanges[0]:
            self._break(exchange)
        if len(self._exchanges) >= MAX_PIPELINED:
            self._transport.pause_reading()

    def _begin_head(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._in_head = True
        self._head_bytes = 0

    def _head(self, method: str) -> bytes:
        kept = [name + b": " + value for name, value in self._headers if name.lower() not in HOP_BY_HOP]
        first = method.encode("latin1") + b" " + self._target + b" HTTP/1.1"
        return b"\r\n".join([first, *kept]) + b"\r\n\r\n"

    # Forwarding.

    def _start(self, exchange: Exchange) -> None:
        if exchange.decision.fault:
            self._break(exchange)
            return
        idle = None if exchange.decision.delay_s else self._floor.pool.take()
        if idle:
            self._send(exchange, idle)
        else:
            exchange.starting = asyncio.ensure_future(self._connect(exchange))

    async def _connect(self, exchange: Exchange) -> None:
        if exchange.decision.delay_s:
            await asyncio.sleep(exchange.decision.delay_s)
        try:
            upstream = self._floor.pool.take() or await self._floor.pool.connect()
        except OSError:
            self._answer(exchange, HTTPStatus.BAD_GATEWAY, _gateway_body("upstream refused the connection"))
            return
        exchange.starting = None
        self._send(exchange, upstream)

    def _send(self, exchange: Exchange, upstream: Upstream) -> None:
        exchange.upstream = upstream
        exchange.asked_at = self._floor.now()
        exchange.sent = len(exchange.raw)
        upstream.begin(self, head_only=exchange.method == "HEAD")
        upstream.transport.write(bytes(exchange.raw))

    def _pass_on(self, exchange: Exchange, data: bytes) -> None:
        if exchange.sent + len(data) <= REPLAY_BYTES or not exchange.upstream:
            exchange.raw += data
        if exchange.upstream:
            exchange.sent += len(data)
            exchange.upstream.transport.write(data)

    def answer_bytes(self, data: bytes) -> None:
        """Hand the answer on as it comes."""
        self._exchanges[0].answered = True
        self._transport.write(data)

    def answer_ended(self, status: int, *, reusable: bool) -> None:
        """Finish the exchange."""
        exchange = self._exchanges[0]
        upstream_ms = round((self._floor.now() - exchange.asked_at) * 1000, 3)
        exchange.upstream = None
        self._finish(exchange, status, upstream_ms=upstream_ms, keep_alive=reusable and exchange.keep_alive)

    def answer_failed(self, *, silent: bool) -> None:
        """Upstream went away: again on a fresh connection, or tell the client as plainly as HTTP allows."""
        exchange = self._exchanges[0]
        dead, exchange.upstream = exchange.upstream, None
        if silent and dead and dead.used and exchange.complete and exchange.sent <= REPLAY_BYTES:
            exchange.starting = asyncio.ensure_future(self._connect(exchange))
        elif silent:
            self._answer(exchange, HTTPStatus.BAD_GATEWAY, _gateway_body("upstream closed the connection"))
        else:
            self._transport.abort()

    # Breaking.

    def _break(self, exchange: Exchange) -> None:
        """Do what the fault says, once the whole request is here (a client may not read before)."""
        fault = exchange.decision.fault
        if not exchange.complete or fault is None or isinstance(fault, Hang):
            return
        if exchange.decision.delay_s and exchange.starting is None:
            exchange.starting = asyncio.ensure_future(self._break_later(exchange))
        elif isinstance(fault, Status):
            self._answer_status(exchange, fault)

    async def _break_later(self, exchange: Exchange) -> None:
        await asyncio.sleep(exchange.decision.delay_s)
        self._break(exchange)

    def _answer_status(self, exchange: Exchange, fault: Status) -> None:
        body = json.dumps(error_body(fault.code)) if fault.body is None else fault.body
        extra = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
        self._answer(exchange, fault.code, body, extra)

    def _answer(
        self, exchange: Exchange, status: int, body: str, headers: dict[str, str] | None = None
    ) -> None:
        raw = body.encode()
        shown = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}
        if not exchange.keep_alive or not exchange.complete:
            shown["Connection"] = "close"
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{k}: {v}" for k, v in shown.items())]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin1")
        self._transport.write(head if exchange.method == "HEAD" else head + raw)
        self._finish(exchange, status, keep_alive="Connection" not in shown)

    def _finish(
        self, exchange: Exchange, status: int, *, keep_alive: bool, upstream_ms: float | None = None
    ) -> None:
        self._floor.log.answered(exchange.entry, status, upstream_ms)
        self._exchanges.popleft()
        if not keep_alive:
            self._transport.close()
            return
        if self._exchanges:
            self._start(self._exchanges[0])
        if len(self._exchanges) < MAX_PIPELINED and not self._transport.is_closing():
            self._transport.resume_reading()

    def _refuse(self, status: HTTPStatus) -> None:
        if not self._transport.is_closing():
            self._transport.write(f"HTTP/1.1 {status} {status.phrase}\r\nConnection: close\r\n\r\n".encode())
            self._transport.close()


def _gateway_body(message: str) -> str:
    return json.dumps({"error": {"code": "gateway", "message": f"fault gateway: {message}"}})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
