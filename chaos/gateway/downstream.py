"""The client's side of the gateway: parse a request, ask the rules, forward or break."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from http import HTTPStatus

import httptools

from chaos.faults import Close, Reset
from chaos.gateway.answers import Answer, answer_of, encode, gateway_answer, phrase
from chaos.gateway.exchange import Exchange, head
from chaos.gateway.floor import Floor
from chaos.gateway.shaping import shaper_of
from chaos.gateway.upstream import Upstream
from chaos.web import MAX_HEAD_BYTES, MAX_PIPELINED

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset: on, 0 s."""


class Client(asyncio.Protocol):
    """One connection of a client; its requests are answered in order."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._exchanges: deque[Exchange] = deque()
        self._incoming: Exchange | None = None
        self._reads_slowly = False
        self._outruns_upstream = False
        self._silenced = False
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP server hands us a Transport
        self._floor.connections.add(self)
        self._begin_head()

    def connection_lost(self, _error: Exception | None) -> None:
        self._floor.connections.discard(self)
        for exchange in self._exchanges:
            exchange.forget()
        self._exchanges.clear()

    def drop(self) -> None:
        """Cut the connection with a reset."""
        sock = self._transport.get_extra_info("socket")
        if not self._transport.is_closing() and sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    def let_go(self, in_place: set[str]) -> None:
        """A fault is gone: hang up on whom it held (the request was swallowed), stop spoiling an answer."""
        exchange = self._exchanges[0] if self._exchanges else None
        if exchange is None or exchange.decision.name in in_place:
            return
        if exchange.held:
            self._transport.close()
        elif exchange.shaper:
            exchange.shaper.release()

    # Pace: nobody sends faster than the other side reads.

    def pause_writing(self) -> None:
        """The client reads slowly: so do we."""
        self._reads_slowly = True
        self._pace(True)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._reads_slowly = False
        self._pace(False)

    def _pace(self, slow: bool) -> None:
        upstream = self._exchanges[0].upstream if self._exchanges else None
        if upstream and slow:
            upstream.transport.pause_reading()
        elif upstream:
            upstream.transport.resume_reading()

    def throttle(self, *, paused: bool) -> None:
        """Learn that upstream reads slowly, or has caught up."""
        self._outruns_upstream = paused
        self._regulate()

    def _regulate(self) -> None:
        crowded = self._incoming is not None and self._incoming.crowded
        silence = crowded or self._outruns_upstream or len(self._exchanges) >= MAX_PIPELINED
        if silence != self._silenced and not self._transport.is_closing():
            self._silenced = silence
            if silence:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    # What the loop and httptools call while a request comes in.

    def data_received(self, data: bytes) -> None:
        self._stalled_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(HTTPStatus.BAD_REQUEST)
        if self._stalled_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._stalled_bytes = 0
        self._incoming = self._arrived()
        self._exchanges.append(self._incoming)
        if len(self._exchanges) == 1:
            self._start(self._incoming)

    def on_body(self, body: bytes) -> None:
        self._stalled_bytes = 0
        exchange = self._incoming
        if exchange is None or exchange.over or exchange.decision.swallows:
            return  # what a fault swallows goes nowhere
        exchange.pass_on(b"%x\r\n%b\r\n" % (len(body), body) if exchange.chunked else body)
        self._regulate()

    def on_message_complete(self) -> None:
        exchange, self._incoming = self._incoming, None
        self._begin_head()
        if exchange is None or exchange.over:
            return
        exchange.complete = True
        if exchange.decision.swallows:
            self._break(exchange)
        elif exchange.chunked:
            exchange.pass_on(b"0\r\n\r\n")
        self._regulate()

    def _begin_head(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._stalled_bytes = 0

    def _arrived(self) -> Exchange:
        method = self._parser.get_method().decode("latin1")
        path = self._target.partition(b"?")[0].decode("latin1")
        raw, fields = head(method, self._target, self._headers, self._floor.pool.host)
        probe = b"x-guard-probe" in fields
        decision = self._floor.rules.decide(method, path, self._floor.now())
        return Exchange(
            method=method,
            entry=self._floor.log.arrived(method, path, probe=probe, fault=decision.name),
            decision=decision,
            keep_alive=self._parser.should_keep_alive(),
            chunked=b"chunked" in fields.get(b"transfer-encoding", b"").lower(),
            waits_for_continue=fields.get(b"expect", b"").lower() == b"100-continue",
            raw=bytearray(raw),
        )

    # Forwarding.

    def _start(self, exchange: Exchange) -> None:
        if exchange.over:
            return
        if exchange.waits_for_continue and not exchange.complete:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if exchange.decision.swallows:
            self._break(exchange)
            return
        idle = None if exchange.decision.delay_s else self._floor.pool.take()
        if idle:
            self._send(exchange, idle)
        else:
            exchange.starting = asyncio.ensure_future(self._connect(exchange, exchange.decision.delay_s))

    async def _connect(self, exchange: Exchange, delay_s: float = 0.0) -> None:
        if delay_s:
            await asyncio.sleep(delay_s)
        try:
            upstream = self._floor.pool.take() or await self._floor.pool.connect()
        except OSError as error:
            self._answer(exchange, gateway_answer(f"cannot connect upstream ({type(error).__name__})"))
            return
        exchange.starting = None
        self._send(exchange, upstream)

    def _send(self, exchange: Exchange, upstream: Upstream) -> None:
        upstream.begin(self, head_only=exchange.method == "HEAD")
        if self._reads_slowly:
            upstream.transport.pause_reading()
        if exchange.decision.fault:
            exchange.shaper = shaper_of(exchange.decision.fault, self._transport.write, self._cut, self._pace)
        exchange.begin(upstream, self._floor.now())
        self._regulate()

    def asked_all(self) -> bool:
        """Tell whether the whole request has been sent."""
        return self._exchanges[0].complete

    def answer_bytes(self, data: bytes) -> None:
        """Hand the answer on as it comes, or as the fault will have it."""
        shaper = self._exchanges[0].shaper
        if shaper:
            shaper.feed(data)
        else:
            self._transport.write(data)

    def answer_ended(self, status: int, *, reusable: bool) -> None:
        """Finish the exchange, once a fault has handed all of it on."""
        exchange = self._exchanges[0]
        upstream_ms = round((self._floor.now() - exchange.asked_at) * 1000, 3)
        keep_alive = reusable and exchange.keep_alive
        if exchange.shaper is None:
            self._finish(exchange, status, keep_alive=keep_alive, upstream_ms=upstream_ms)
            return
        exchange.upstream = None  # it may serve others while the rest drips
        exchange.shaper.finish(
            lambda: self._finish(exchange, status, keep_alive=keep_alive, upstream_ms=upstream_ms)
        )

    def answer_failed(self, *, silent: bool) -> None:
        """Upstream went away: ask again on a fresh one, or tell the client as plainly as HTTP allows."""
        exchange = self._exchanges[0]
        dead, exchange.upstream = exchange.upstream, None
        if not silent:
            self.drop()
        elif dead and exchange.may_repeat(dead):
            exchange.starting = asyncio.ensure_future(self._connect(exchange))
        else:
            self._answer(exchange, gateway_answer("upstream closed the connection without an answer"))

    # Breaking.

    def _break(self, exchange: Exchange) -> None:
        """Do what the fault says, in turn, once the whole request is here (a client may not read before)."""
        if not exchange.complete or exchange is not self._exchanges[0] or exchange.starting:
            return
        if exchange.decision.delay_s:
            exchange.starting = asyncio.ensure_future(self._speak_later(exchange))
        else:
            self._speak(exchange)

    async def _speak_later(self, exchange: Exchange) -> None:
        await asyncio.sleep(exchange.decision.delay_s)
        self._speak(exchange)

    def _speak(self, exchange: Exchange) -> None:
        fault = exchange.decision.fault
        answer = answer_of(fault, exchange.entry.path) if fault else None
        if answer:
            self._answer(exchange, answer)
        elif isinstance(fault, (Close, Reset)):
            self._cut(isinstance(fault, Reset))
        else:
            exchange.held = True

    def _cut(self, reset: bool) -> None:
        """End the connection in the middle of what the client waits for."""
        self._exchanges[0].forget()
        if reset:
            self.drop()
        else:
            self._transport.close()

    def _answer(self, exchange: Exchange, answer: Answer) -> None:
        keep_alive = exchange.keep_alive and exchange.complete
        self._transport.write(encode(answer, method=exchange.method, keep_alive=keep_alive))
        self._finish(exchange, answer.status, keep_alive=keep_alive)

    def _finish(
        self, exchange: Exchange, status: int, *, keep_alive: bool, upstream_ms: float | None = None
    ) -> None:
        self._floor.log.answered(exchange.entry, status, upstream_ms)
        self._exchanges.popleft()
        exchange.over, exchange.upstream = True, None
        if not keep_alive:
            self._transport.close()
            return
        if self._exchanges:
            asyncio.get_running_loop().call_soon(self._start, self._exchanges[0])  # a queue may be long
        self._regulate()

    def _refuse(self, status: HTTPStatus) -> None:
        if self._exchanges:
            self.drop()  # a refusal now would be read as the answer to an earlier request
        elif not self._transport.is_closing():
            self._transport.write(f"HTTP/1.1 {status} {phrase(status)}\r\nConnection: close\r\n\r\n".encode())
            self._transport.close()
