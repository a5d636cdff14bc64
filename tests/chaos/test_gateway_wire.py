"""The gateway on the wire: framing, pace, broken upstreams, and what is left behind."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import httpx
import pytest
from awaiting import eventually

from chaos.faults import Hang, Latency, Status
from chaos.gateway.downstream import Client
from chaos.gateway.exchange import head
from chaos.gateway.floor import Floor
from chaos.gateway.log import Log
from chaos.gateway.rules import Rules
from chaos.gateway.upstream import Pool
from chaos.injectors.l7 import Gateway

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: z\r\n\r\n"
LINGER_0 = struct.pack("ii", 1, 0)
Script = Callable[[socket.socket, BinaryIO], None]


class Upstream:
    """Runs `script` on every connection, in a thread; counts the connections."""

    def __init__(self) -> None:
        self.script: Script = keep_answering(OK)
        self.connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                self.script(connection, stream)
            except OSError:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.close()


def request(stream: BinaryIO) -> bytes:
    """Read one request; return its first line, empty at the end."""
    first, length = stream.readline(), 0
    while line := stream.readline().strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    stream.read(length)
    return first


def keep_answering(answer: bytes) -> Script:
    def script(connection: socket.socket, stream: BinaryIO) -> None:
        while request(stream):
            connection.sendall(answer)

    return script


def answer_once(answer: bytes, *, reset: bool = False) -> Script:
    def script(connection: socket.socket, stream: BinaryIO) -> None:
        request(stream)
        connection.sendall(answer)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)

    return script


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with closing(Upstream()) as upstream:
        yield upstream


@pytest.fixture
def ready(gateway_to, upstream) -> dict[str, str]:
    return gateway_to(upstream.url)


@pytest.fixture
def gateway(ready) -> Iterator[Gateway]:
    with closing(Gateway(f"http://{ready['admin']}")) as gateway:
        yield gateway


@pytest.fixture
def raw(ready) -> Iterator[socket.socket]:
    with connected(ready) as raw:
        yield raw


def connected(ready: dict[str, str]) -> socket.socket:
    host, port = ready["listen"].split(":")
    return socket.create_connection((host, int(port)), timeout=3)


def read(raw: socket.socket, until: bytes) -> bytes:
    """Read until `until` was seen, or to the end."""
    received = b""
    while until not in received:
        piece = raw.recv(65536)
        if not piece:
            return received
        received += piece
    return received


def to_the_end(raw: socket.socket) -> bytes:
    return read(raw, b"\0 never sent")


# Framing


def test_a_body_that_ends_with_its_connection(upstream, raw, gateway):
    upstream.script = answer_once(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
    raw.sendall(GET)
    assert to_the_end(raw) == b"HTTP/1.0 200 OK\r\n\r\nuntil the end"
    assert gateway.log()[0]["status"] == 200


def test_interim_answers_pass_and_the_final_one_is_logged(upstream, raw, gateway):
    upstream.script = keep_answering(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK)
    raw.sendall(GET)
    assert read(raw, b"ok").startswith(b"HTTP/1.1 103")
    raw.sendall(GET)
    assert read(raw, b"ok").startswith(b"HTTP/1.1 103")
    assert [entry["status"] for entry in gateway.log()] == [200, 200]
    assert len(upstream.connections) == 1


def test_an_early_answer_ends_both_connections(upstream, raw, ready):
    upstream.script = lambda connection, stream: (
        stream.readline(),
        connection.sendall(b"HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno"),
        stream.read(),
    )
    raw.sendall(b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 10\r\n\r\n01234")
    assert to_the_end(raw).endswith(b"\r\n\r\nno")
    upstream.script = keep_answering(OK)  # a connection with half a body on it would not answer this
    with connected(ready) as fresh:
        fresh.sendall(GET)
        assert read(fresh, b"ok")


def test_head_has_no_body_and_leaves_the_connection_usable(upstream, raw):
    upstream.script = lambda connection, stream: [
        connection.sendall(OK.removesuffix(b"ok") if line.startswith(b"HEAD") else OK)
        for line in iter(lambda: request(stream), b"")
    ]
    raw.sendall(GET.replace(b"GET", b"HEAD") + GET)
    assert read(raw, b"\r\n\r\nok").count(b"HTTP/1.1 200") == 2


def test_expect_continue_is_answered_by_the_gateway(raw):
    raw.sendall(b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert read(raw, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    raw.sendall(b"hi")
    assert read(raw, b"ok") == OK


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_without_a_body_has_none(raw, gateway, code):
    gateway.apply("f", Status(code=code))
    raw.sendall(GET)
    assert read(raw, b"\r\n\r\n").endswith(b"\r\n\r\n")
    gateway.heal("f")
    raw.sendall(GET)  # a stray body would stand in front of this answer
    assert read(raw, b"ok") == OK


def test_a_fault_has_no_body_for_head_either(raw, gateway):
    gateway.apply("f", Status(code=500, first=1))
    raw.sendall(GET.replace(b"GET", b"HEAD") + GET)
    answers = read(raw, b"ok")
    assert answers.startswith(b"HTTP/1.1 500")
    assert b"error" not in answers.lower().removeprefix(b"http/1.1 500 internal server error")


@pytest.mark.parametrize(("body", "media_type"), [("{}", "application/json"), ("404 page", "text/plain")])
def test_a_body_of_ones_own(ready, gateway, body, media_type):
    gateway.apply("f", Status(code=404, body=body))
    answer = httpx.get(f"http://{ready['listen']}/", trust_env=False)
    assert (answer.text, answer.headers["content-type"]) == (body, media_type)


def test_pipelined_requests_are_answered_in_order_by_whoever_answers(raw, gateway):
    gateway.apply("slow", Latency(delay_ms=50, first=1))
    gateway.apply("f", Status(code=503, first=1, route="POST /**"))
    post = b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 1\r\n\r\nx"
    raw.sendall(GET + post + GET * 200)
    answers = b""
    while answers.count(b"HTTP/1.1") < 202:
        answers += raw.recv(65536)
    statuses = [int(answer[1:4]) for answer in answers.split(b"HTTP/1.1")[1:]]
    assert statuses == [200, 503, *[200] * 200]


# Broken upstreams


def test_a_kept_connection_that_died_is_replaced_without_a_word(upstream, raw):
    upstream.script = answer_once(OK)
    for _ in range(3):
        raw.sendall(GET)
        assert read(raw, b"ok") == OK
    assert len(upstream.connections) == 3


def dies_on_the_second_request(connection: socket.socket, stream: BinaryIO) -> None:
    request(stream)
    connection.sendall(OK)
    request(stream)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)


def test_a_read_is_asked_again_when_a_kept_connection_dies_on_it(upstream, raw, gateway):
    upstream.script = dies_on_the_second_request
    raw.sendall(GET)
    read(raw, b"ok")
    raw.sendall(GET)
    assert read(raw, b"ok") == OK
    assert [entry["status"] for entry in gateway.log()] == [200, 200]


def test_a_write_is_never_sent_twice(upstream, raw):
    upstream.script = dies_on_the_second_request
    raw.sendall(GET)
    read(raw, b"ok")
    raw.sendall(b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 2\r\n\r\nhi")
    assert b"HTTP/1.1 502" in read(raw, b"}}")
    assert len(upstream.connections) == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_an_upstream_that_resets(upstream, raw, gateway, answer):
    upstream.script = answer_once(answer, reset=True)
    raw.sendall(GET)
    if answer:
        with pytest.raises(ConnectionResetError):
            to_the_end(raw)
        assert gateway.log()[0]["status"] is None
    else:
        assert b'"code": "gateway"' in read(raw, b"}}")
        assert [gateway.log()[0][k] for k in ("status", "fault")] == [502, None]


def test_what_is_not_http_is_passed_on_and_cut(upstream, raw):
    upstream.script = answer_once(b"SSH-2.0-x\r\n\r\n")
    raw.sendall(GET)
    with pytest.raises(ConnectionResetError):
        to_the_end(raw)


# Holding and letting go


@pytest.mark.parametrize("healed", [True, False], ids=["healed", "lapsed"])
def test_a_hang_ends_with_its_fault(raw, gateway, healed):
    gateway.apply("f", Hang(), lease_s=30 if healed else 0.2)
    raw.sendall(GET)
    eventually(lambda: gateway.hits("f") == 1)
    if healed:
        gateway.heal("f")
    assert to_the_end(raw) == b""
    assert gateway.log()[0]["status"] is None


def test_a_hang_holds_while_its_lease_is_renewed(raw, gateway):
    gateway.apply("f", Hang(), lease_s=0.2)
    gateway.renew("f", lease_s=30)
    raw.sendall(GET)
    raw.settimeout(0.4)
    with pytest.raises(TimeoutError):
        raw.recv(1)


def descriptors(ready: dict[str, str]) -> int:
    return len(list(Path(f"/proc/{ready['pid']}/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors under /proc")
@pytest.mark.parametrize("fault", [Hang(), Latency(delay_ms=60_000), None], ids=["hang", "latency", "slow"])
@pytest.mark.parametrize("patient", [True, False])
def test_clients_that_leave_free_everything(upstream, ready, gateway, fault, patient):
    upstream.script = lambda _connection, stream: stream.read()  # never answers
    gateway.version()
    before = descriptors(ready)
    if fault:
        gateway.apply("f", fault, lease_s=60)
    for turn in range(1, 6):
        clients = [connected(ready) for _ in range(20)]
        for client in clients:
            client.sendall(GET)
        if patient and fault:
            eventually(lambda turn=turn: len(gateway.log()) == 20 * turn)
        elif patient:
            eventually(lambda turn=turn: len(upstream.connections) == 20 * turn)
        for client in clients:
            client.close()
    eventually(lambda: len(gateway.log()) == 100)
    eventually(lambda: descriptors(ready) <= before)


def test_a_large_upload_waits_for_a_slow_upstream(upstream, ready):
    upstream.script = lambda _connection, stream: (stream.readline(), time.sleep(2))
    with connected(ready) as raw:
        raw.settimeout(0.3)
        raw.sendall(b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 200000000\r\n\r\n")
        with pytest.raises(TimeoutError):
            raw.sendall(bytes(200_000_000))
    resident = Path(f"/proc/{ready['pid']}/statm").read_text().split()[1]
    assert int(resident) * 4096 < 120 * 2**20


def test_endless_trailers_are_refused(raw):
    raw.sendall(b"POST / HTTP/1.1\r\nHost: z\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    trailers = b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(20_000))
    with pytest.raises(ConnectionError):
        raw.sendall(trailers)


def test_a_client_that_does_not_read_spoils_no_connection(upstream):
    # Just above asyncio's high-water mark of 64 KiB: writing pauses with the last bytes of the answer.
    upstream.script = keep_answering(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + b"x" * 90_000)
    asyncio.run(_second_client_after_a_lazy_one(upstream.url))


async def _second_client_after_a_lazy_one(url: str) -> None:
    pool = Pool("127.0.0.1", int(url.rpartition(":")[2]), time.monotonic)
    floor = Floor(Rules(), Log(time.monotonic, time.time), pool, time.monotonic)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # the gateway has to buffer itself
    server = await asyncio.get_running_loop().create_server(lambda: Client(floor), sock=listener)
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(listener.getsockname())
        lazy.sendall(GET)
        async with asyncio.timeout(3):
            while not pool.idle:  # noqa: ASYNC110 - what is awaited has no event
                await asyncio.sleep(0.001)
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(GET)
            assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    server.close()
    floor.close()
    await asyncio.sleep(0)  # aborted transports are told in the next turn


def test_headers_that_concern_one_hop_are_not_handed_on():
    headers = [(b"Connection", b"keep-alive"), (b"Host", b"zep"), (b"Expect", b"100-continue")]
    raw, fields = head("GET", b"/a?b", headers, None)
    assert raw == b"GET /a?b HTTP/1.1\r\nHost: zep\r\n\r\n"
    assert fields[b"expect"] == b"100-continue"
