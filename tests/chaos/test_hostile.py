"""Hostile bytes on every port of both servers: they go on serving, with bounded memory and files."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import resource
import socket
import string
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from awaiting import eventually

from chaos.faults import Close, Down, Drip, Garbage, Hang, Reset, Status, Toxic, Truncate
from chaos.injectors.l4 import L4
from chaos.injectors.l7 import Gateway

SERVED_WITHIN_S = 2.0
GROWTH_MB = 32
PATIENCE_S = 0.3
KEY = "Authorization: Api-Key a-key\r\n"
GET = f"GET /api/v4/project HTTP/1.1\r\nHost: z\r\n{KEY}\r\n".encode()
POST = b'POST /faults HTTP/1.1\r\nHost: z\r\nContent-Length: 17\r\n\r\n{"name": "a", 1:1'


@dataclass
class Port:
    """One port of one server: `path` is what a good client asks."""

    address: str
    path: str
    pid: str

    def serves(self) -> bool:
        url, headers = f"http://{self.address}{self.path}", {"Authorization": "Api-Key a-key"}
        return httpx.get(url, headers=headers, timeout=SERVED_WITHIN_S, trust_env=False).status_code == 200

    def connected(self) -> socket.socket:
        host, port = self.address.split(":")
        return socket.create_connection((host, int(port)), timeout=5)

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20


@pytest.fixture
def many_files():
    """A client needs as many files as it has connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(params=["gateway data", "gateway admin", "toxiproxy data", "toxiproxy admin"])
def port(request, launch, zep, gateway_to, many_files):
    """Each of the four, seen to serve before and after, with as many files and about as much memory."""
    server, side = request.param.split()
    if server == "gateway":
        ready = gateway_to(f"http://{zep}")
        address = ready["listen"] if side == "data" else ready["admin"]
    else:
        ready = launch("toxiproxy", "--port", "0")
        address = ready["listen"]
        if side == "data":
            address = L4(f"http://{address}").create("zep", zep)
    found = Port(address, "/api/v4/project" if side == "data" else "/version", ready["pid"])
    assert found.serves()
    files, memory_mb = found.files(), found.memory_mb()
    yield found
    assert found.serves()
    eventually(lambda: found.files() <= files + 1, within_s=10)  # a kept connection to its upstream
    assert found.memory_mb() < memory_mb + GROWTH_MB


def malformed(dice: random.Random) -> bytes:
    """One of many ways to be wrong: noise, a good request bent, or a classic."""
    classics = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS hello
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n",
        b"\r\n\r\n\r\n" + GET,
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: z\r\n\r\n",
        b"CONNECT evil:1 HTTP/1.1\r\nHost: evil:1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: -1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
        b"POST / HTTP/1.1\r\nHost: z\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF1\r\nx",
        b"POST / HTTP/1.1\r\nHost: z\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: z\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\n: nameless\r\n folded\r\n\r\n",
    ]
    kind = dice.randrange(3)
    if kind == 0:
        return dice.randbytes(dice.randrange(1, 2000))
    if kind == 1:
        return dice.choice(classics)
    bent = bytearray(dice.choice([GET, POST]))
    for _ in range(dice.randrange(1, 6)):
        bent[dice.randrange(len(bent))] = dice.randrange(256)
    return bytes(bent[: dice.randrange(1, len(bent) + 1)])


def send(port: Port, data: bytes) -> None:
    """Send, say that this is all, and take what comes for a moment."""
    with port.connected() as client, contextlib.suppress(OSError):
        client.settimeout(PATIENCE_S)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass


@pytest.mark.parametrize("seed", range(3))
def test_malformed_requests(port, seed):
    dice = random.Random(seed)  # noqa: S311 - the same bytes every time
    for _ in range(100):
        send(port, malformed(dice))


def test_half_requests_that_never_end(port):
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            client = stack.enter_context(port.connected())
            client.sendall(b"GET /api/v4/project HTTP/1.1\r\nHost: z\r\nX-Slow: ")
        assert port.serves()


@pytest.mark.parametrize(
    "start", [b"GET / HTTP/1.1\r\n", b"GET /", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;"]
)
def test_a_head_without_an_end(port, start):
    with port.connected() as client, contextlib.suppress(OSError):
        client.sendall(start)
        for _ in range(64):
            client.sendall(b"X-More: " + b"x" * 2**20)
    assert port.serves()


def test_a_body_without_an_end(port):
    with port.connected() as client, contextlib.suppress(OSError):
        client.settimeout(1)
        client.sendall(b"POST /faults HTTP/1.1\r\nHost: z\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(64):
            client.sendall(b"x" * 2**20)
    assert port.serves()


def test_thousands_of_connections(port):
    with contextlib.ExitStack() as stack:
        for _ in range(2000):
            stack.enter_context(port.connected())
        assert port.serves()


# faulted connections


async def _ask(address: str, patience_s: float) -> None:
    host, port = address.split(":")
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(GET)
            await asyncio.wait_for(reader.read(), patience_s)
        finally:
            writer.transport.abort()


def ask_many(address: str, count: int, patience_s: float = 0.02) -> None:
    async def some(n: int) -> None:
        for _ in range(n):
            await _ask(address, patience_s)

    async def all_of_them() -> None:
        await asyncio.gather(*(some(count // 50) for _ in range(50)))

    asyncio.run(all_of_them())


FAULTS = [
    Status(code=503),
    Close(),
    Reset(),
    Reset(after_bytes=5),
    Truncate(),
    Garbage(),
    Hang(),
    Drip(every_ms=50),
]


def test_8000_connections_that_the_gateway_faults_leak_no_file(gateway_to, zep, many_files):
    ready = gateway_to(f"http://{zep}")
    port = Port(ready["listen"], "/api/v4/project", ready["pid"])
    with contextlib.closing(Gateway(f"http://{ready['admin']}")) as gateway:
        ask_many(port.address, 500)  # as many connections to upstream as there will ever be are kept
        assert port.serves()
        files, memory_mb = port.files(), port.memory_mb()
        for number, fault in enumerate(FAULTS):
            gateway.apply(f"f{number}", fault, lease_s=60)
            ask_many(port.address, 1000)
            assert gateway.hits(f"f{number}") >= 900
            gateway.heal(f"f{number}")
        assert port.serves()
        eventually(lambda: port.files() <= files + 1, within_s=10)
        assert port.memory_mb() < memory_mb + GROWTH_MB


TOXICS = [
    Toxic(proxy="z", type="reset_peer"),
    Toxic(proxy="z", type="timeout", attributes={"timeout": 0}),
    Toxic(proxy="z", type="limit_data", attributes={"bytes": 10}),
    Toxic(proxy="z", type="latency", attributes={"latency": 1000}),
]


def test_2500_connections_that_toxiproxy_faults_leak_no_file(launch, zep, many_files):
    ready = launch("toxiproxy", "--port", "0")
    l4 = L4(f"http://{ready['listen']}")
    port = Port(l4.create("z", zep), "/api/v4/project", ready["pid"])
    assert port.serves()
    files = port.files()
    for fault in [*TOXICS, Down(proxy="z")]:
        l4.apply("f", fault)
        ask_many(port.address, 500)
        l4.heal("f", fault)
    assert port.serves()
    eventually(lambda: port.files() <= files, within_s=10)


# nonsense for the admin APIs


def nonsense(dice: random.Random, depth: int = 0) -> object:
    """A JSON value of any kind, with keys that mean something and values that do not."""
    scalars = [None, True, -1, 0, 1e308, 2**70, "", "status", "x" * 300, "\ud800", "GET /**", "127.0.0.1:0"]
    kind = dice.randrange(3) if depth < 3 else 0
    if kind == 0:
        return dice.choice(scalars)
    if kind == 1:
        return [nonsense(dice, depth + 1) for _ in range(dice.randrange(4))]
    names = ["name", "kind", "code", "percent", "route", "first", "lease_s", "type", "stream", "toxicity"]
    names += [
        "attributes",
        "latency",
        "listen",
        "upstream",
        "enabled",
        "seed",
        dice.choice(string.ascii_letters),
    ]
    return {dice.choice(names): nonsense(dice, depth + 1) for _ in range(dice.randrange(6))}


@pytest.mark.parametrize("server", ["gateway", "toxiproxy"])
def test_nonsense_gets_an_answer_that_says_so(server, gateway_to, launch, zep):
    dice = random.Random(11)  # noqa: S311 - the same every time
    if server == "gateway":
        base, paths = gateway_to(f"http://{zep}")["admin"], ["/faults"]
    else:
        base = launch("toxiproxy", "--port", "0")["listen"]
        L4(f"http://{base}").create("p", zep)
        paths = ["/proxies", "/populate", "/proxies/p", "/proxies/p/toxics"]
    with httpx.Client(base_url=f"http://{base}", trust_env=False) as http:
        for _ in range(300):
            text = json.dumps(nonsense(dice))
            answer = http.post(dice.choice(paths), content=text, headers={"Content-Type": "application/json"})
            assert answer.status_code < 500 or "bind" in answer.text or "listen" in answer.text, text
            assert isinstance(answer.json(), (dict, list))
        assert http.get("/version").status_code == 200
