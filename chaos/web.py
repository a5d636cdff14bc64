"""A small HTTP/1.1 server: asyncio Protocol + httptools, bounded memory, a handler from request to response.

Serves the Zep double, the gateway's admin API and the Toxiproxy API.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import inspect
import json
import logging
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import httptools
import uvloop

MAX_BODY_BYTES = 16 * 2**20
MAX_HEAD_BYTES = 64 * 2**10
"""Bytes a client may send without getting anywhere: a head, a chunk's header, trailers."""
MAX_PIPELINED = 64
"""Requests of one connection that may wait for their turn; reading pauses beyond."""

log = logging.getLogger("chaos.web")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case, the path without its query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One response; Content-Length is added."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response | Awaitable[Response]]


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `value` as a JSON response."""
    return Response(
        status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})}
    )


def error_response(status: int, message: str) -> Response:
    """Return the error body of the admin API and of Toxiproxy: ``{"error", "status"}``."""
    return json_response({"error": message, "status": status}, status)


def from_browser(request: Request) -> bool:
    """Tell whether a web page may be behind a request to an admin API."""
    return "origin" in request.headers or request.headers.get("user-agent", "").startswith("Mozilla/")


def bears(request: Request, token: str) -> bool:
    """Tell whether a request may pass: it carries the token, or none is asked for."""
    sent = request.headers.get("authorization", "").encode("latin1")
    return not token or hmac.compare_digest(sent, f"Bearer {token}".encode())


class Server:
    """A listening server; `address` is ``host:port`` with the real port."""

    def __init__(self, inner: asyncio.Server, connections: set[_Connection]) -> None:
        self.address = address_of(inner)
        self._inner = inner
        self._connections = connections

    async def close(self) -> None:
        """Stop listening and drop the connections."""
        self._inner.close()
        for connection in list(self._connections):
            connection.drop()
        await self._inner.wait_closed()


async def serve(handler: Handler, host: str, port: int) -> Server:
    """Listen; port 0 takes a free one.  Raises ListenError."""
    connections: set[_Connection] = set()
    inner = await listen(lambda: _Connection(handler, connections), host, port)
    return Server(inner, connections)


class ListenError(OSError):
    """`address` cannot be listened on; `strerror` is the reason alone.  Choose another, or port 0."""

    def __init__(self, address: str, cause: OSError) -> None:
        reason = (cause.strerror or str(cause)).rpartition("): ")[2]  # uvloop writes the address in front
        super().__init__(cause.errno, reason)
        self.address = address


async def listen(protocol: Callable[[], asyncio.Protocol], host: str, port: int) -> asyncio.Server:
    """Listen with a protocol; raises ListenError."""
    try:
        return await asyncio.get_running_loop().create_server(protocol, host, port, backlog=1024)
    except OSError as error:
        raise ListenError(f"{host}:{port}", error) from error


def address_of(server: asyncio.Server) -> str:
    """Return ``host:port`` of a listening server; an IPv6 host stands in brackets."""
    host, port = server.sockets[0].getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a server's coroutine until it ends or SIGTERM or SIGINT cancels it."""

    async def until_told() -> None:
        task = asyncio.ensure_future(main)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    uvloop.run(until_told())


def ready(name: str, **addresses: str) -> None:
    """Print the one line that says where a server listens."""
    sys.stdout.write(json.dumps({"ready": name, **addresses}) + "\n")
    sys.stdout.flush()


def split_address(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; raise ValueError that says so."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise ValueError(f"{text!r} is not an address: give HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line; the usage stays in ``--help``."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def listen_error(command: str, error: OSError | ValueError) -> int:
    """Tell in one line why a server did not start; return its exit code, 2."""
    text = str(error)
    if isinstance(error, ListenError):
        text = f"cannot listen on {error.address}: {error.strerror}; choose another, or port 0 for a free one"
    elif isinstance(error, OSError) and error.filename:
        text = f"cannot open {error.filename}: {error.strerror}"
    sys.stderr.write(f"{command}: {text}\n")
    return 2


class _Connection(asyncio.Protocol):
    """One client.  Requests are answered in order, one at a time."""

    def __init__(self, handler: Handler, connections: set[_Connection]) -> None:
        self._handler = handler
        self._connections = connections
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP server hands us a Transport
        self._parser = httptools.HttpRequestParser(self)
        self._connections.add(self)
        self._begin()

    def connection_lost(self, _error: Exception | None) -> None:
        self._connections.discard(self)
        self._waiting.clear()
        if self._answering:
            self._answering.cancel()

    def drop(self) -> None:
        self._transport.abort()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._stalled_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(HTTPStatus.NOT_IMPLEMENTED, "upgrades are not served")
        except httptools.HttpParserError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, f"not HTTP: {type(error).__name__}")
        if self._stalled_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too large")

    # What httptools calls while it parses.

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin1").lower()] = value.decode("latin1")

    def on_headers_complete(self) -> None:
        self._stalled_bytes = 0
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._stalled_bytes = 0
        if len(self._body) + len(body) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        else:
            self._body += body

    def on_message_complete(self) -> None:
        if self._transport.is_closing():  # refused
            return
        method = self._parser.get_method().decode("latin1")
        target = self._url.decode("latin1")
        path, _, query = target.partition("?")
        request = Request(method, path, dict(parse_qsl(query)), self._headers, bytes(self._body))
        self._waiting.append((request, self._parser.should_keep_alive()))
        self._begin()
        if len(self._waiting) >= MAX_PIPELINED:
            self._transport.pause_reading()
        if self._answering is None:
            self._answering = asyncio.ensure_future(self._answer_all())

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._stalled_bytes = 0

    async def _answer_all(self) -> None:
        while self._waiting:
            request, keep_alive = self._waiting.popleft()
            response = await self._handle(request)
            self._transport.write(_encode(request, response, keep_alive=keep_alive))
            await self._writable.wait()  # a client that does not read is not answered further
            if not keep_alive:
                self._transport.close()
                break
        self._answering = None
        if not self._transport.is_closing():
            self._transport.resume_reading()

    async def _handle(self, request: Request) -> Response:
        try:
            answer = self._handler(request)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception:
            log.exception("the handler failed on %s %s", request.method, request.path)
            return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error, see the server's log")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        if not self._transport.is_closing():
            refused = Request("GET", "", {}, {}, b"")
            self._transport.write(_encode(refused, error_response(status, message), keep_alive=False))
            self._transport.close()


def _encode(request: Request, response: Response, *, keep_alive: bool) -> bytes:
    bare = response.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [] if bare else [f"Content-Length: {len(response.body)}"]
    lines += [] if keep_alive else ["Connection: close"]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin1")
    return head if bare or request.method == "HEAD" else head + response.body


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
