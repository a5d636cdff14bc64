"""The small HTTP server, over a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable

import pytest

from chaos import web
from chaos.web import Request, Response, Server, json_response, serve

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]


def mirror(request: Request) -> Response:
    """Answer with what was understood."""
    shown = {"method": request.method, "path": request.path, "query": dict(request.query)}
    return json_response({**shown, "headers": dict(request.headers), "body": request.body.decode()})


def talk(conversation: Talk, handler: web.Handler = mirror) -> object:
    """Serve `handler`, hold one conversation with it, close everything."""

    async def main() -> object:
        server = await serve(handler, "127.0.0.1", 0)
        reader, writer = await connect(server)
        try:
            async with asyncio.timeout(5):
                return await conversation(reader, writer)
        finally:
            writer.close()
            await server.close()

    return asyncio.run(main())


async def connect(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*web.split_address(server.address))


async def answer(
    reader: asyncio.StreamReader, *, bodiless: bool = False
) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    size = 0 if bodiless else int(headers.get("content-length", 0))
    return int(head[0].split()[1]), headers, await reader.readexactly(size)


def ask(raw: bytes, handler: web.Handler = mirror) -> tuple[int, dict[str, str], bytes]:
    async def conversation(reader, writer):
        writer.write(raw)
        return await answer(reader)

    return talk(conversation, handler)


def test_a_request_is_understood():
    raw = b"POST /a/b?x=1&y=%20 HTTP/1.1\r\nHost: x\r\nX-Case: Kept\r\nContent-Length: 2\r\n\r\nhi"
    status, headers, body = ask(raw)
    assert (status, headers["content-type"]) == (200, "application/json")
    seen = json.loads(body)
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/a/b", {"x": "1", "y": " "})
    assert (seen["headers"]["x-case"], seen["body"]) == ("Kept", "hi")


def test_a_chunked_body_is_put_together():
    raw = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n you\r\n0\r\n\r\n"
    raw = raw.replace(b"3\r\n you", b"4\r\n you")
    assert json.loads(ask(raw)[2])["body"] == "hi you"


def test_keep_alive_and_pipelining_answer_in_order():
    async def slow_first(request: Request) -> Response:
        await asyncio.sleep(0.02 if request.path == "/0" else 0)
        return mirror(request)

    async def conversation(reader, writer):
        for n in range(100):
            writer.write(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n)
        first = [json.loads((await answer(reader))[2])["path"] for _ in range(100)]
        writer.write(GET)
        assert (await answer(reader))[0] == 200
        return first

    assert talk(conversation, slow_first) == [f"/{n}" for n in range(100)]


@pytest.mark.parametrize(
    "raw", [GET.replace(b"1.1", b"1.0"), GET.replace(b"Host", b"Connection: close\r\nHost")]
)
def test_a_connection_that_is_not_to_be_kept_is_closed(raw):
    async def conversation(reader, writer):
        writer.write(raw)
        _, headers, _ = await answer(reader)
        assert headers["connection"] == "close"
        return await reader.read()

    assert talk(conversation) == b""


def test_head_has_the_length_and_no_body():
    async def conversation(reader, writer):
        writer.write(GET.replace(b"GET", b"HEAD") + GET)
        _, headers, _ = await answer(reader, bodiless=True)
        status, _, body = await answer(reader)
        return int(headers["content-length"]) - len("HEAD") + len("GET") == len(body), status

    assert talk(conversation) == (True, 200)


def test_no_content_has_neither_length_nor_body():
    assert ask(GET, lambda _: Response(204, b"ignored"))[1:] == ({}, b"")


def test_expect_continue():
    async def conversation(reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert (await answer(reader))[0] == 100
        writer.write(b"hi")
        return json.loads((await answer(reader))[2])["body"]

    assert talk(conversation) == "hi"


def test_a_handler_that_fails_is_a_500_and_a_log_line(caplog):
    def broken(_request: Request) -> Response:
        raise RuntimeError("what went wrong")

    status, _, body = ask(GET, broken)
    assert (status, json.loads(body)["status"]) == (500, 500)
    assert "what went wrong" not in body.decode()
    assert "what went wrong" in caplog.text


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01 not http\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000, 431),
        (b"GET /" + b"y" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
    ids=["junk", "upgrade", "long-header", "long-target", "two-lengths"],
)
def test_what_cannot_be_served_is_refused(raw, status):
    async def conversation(reader, writer):
        writer.write(raw)
        refusal = await answer(reader)
        assert await reader.read() == b""
        return refusal[0]

    assert talk(conversation) == status


def test_endless_trailers_are_refused():
    async def conversation(reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)  # so that the trailers come in a read of their own
        writer.write(b"X: y\r\n" * 12_000)
        return (await answer(reader))[0]

    assert talk(conversation) == 431


def test_a_body_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(web, "MAX_BODY_BYTES", 1000)
    handled = []
    raw = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001
    assert ask(raw, lambda request: handled.append(request) or mirror(request))[0] == 413
    assert handled == []
    assert ask(raw.replace(b"1001", b"1000")[:-1])[0] == 200


def test_a_client_that_does_not_read_is_not_answered_further():
    handled = []

    def large(request: Request) -> Response:
        handled.append(request.path)
        return Response(200, bytes(2**20))

    async def main() -> None:
        server = await serve(large, "127.0.0.1", 0)
        with socket.create_connection(web.split_address(server.address)) as client:
            client.sendall(GET * 60)
            await asyncio.sleep(0.2)  # that nothing more happens is the point
        await server.close()

    asyncio.run(main())
    assert 0 < len(handled) < 30


def test_a_client_that_leaves_cancels_its_handler():
    cancelled = asyncio.Event()

    async def patient(_request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async def conversation(_reader, writer):
        writer.write(GET)
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.close()
        await cancelled.wait()

    talk(conversation, patient)


def test_an_address_in_use_is_named():
    async def main() -> str:
        server = await serve(mirror, "127.0.0.1", 0)
        try:
            with pytest.raises(web.ListenError, match="in use") as error:
                await serve(mirror, *web.split_address(server.address))
            return error.value.address == server.address
        finally:
            await server.close()

    assert asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "parts"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:0", ("::1", 0)), ("h:65535", ("h", 65535))],
)
def test_addresses(text, parts):
    assert web.split_address(text) == parts


@pytest.mark.parametrize("text", ["", "80", ":80", "h:", "h:x", "h:-1", "h:65536"])
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="HOST:PORT"):
        web.split_address(text)
