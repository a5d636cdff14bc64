"""The gateway as a process, between a real client and the Zep double."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
from awaiting import eventually

from chaos.faults import Hang, Latency, Status
from chaos.injectors import InjectorError
from chaos.injectors.l7 import Gateway

KEY = {"Authorization": "Api-Key a-key"}
CONTEXT = "GET /api/*/threads/*/context"


@pytest.fixture
def ready(gateway_to, zep) -> dict[str, str]:
    return gateway_to(f"http://{zep}")


@pytest.fixture
def gateway(ready) -> Iterator[Gateway]:
    gateway = Gateway(f"http://{ready['admin']}")
    yield gateway
    gateway.close()


@pytest.fixture
def client(ready) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"http://{ready['listen']}", headers=KEY, trust_env=False, timeout=5
    ) as client:
        yield client


def test_a_healthy_gateway_changes_nothing_and_logs_all(client, gateway):
    answer = client.get("/api/v4/project?x=1", headers={"X-Guard-Probe": "1"})
    assert (answer.status_code, answer.json()["name"]) == (200, "double")
    assert answer.headers["x-ratelimit-limit"] == "1000"
    (entry,) = gateway.log()
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/api/v4/project", 200)
    assert (entry["fault"], entry["probe"]) == (None, True)
    assert entry["upstream_ms"] > 0
    assert abs(entry["t"] - time.monotonic()) < 5
    assert entry["t"] <= entry["done"]
    assert abs(entry["wall"] - time.time()) < 5
    assert gateway.log(after=entry["n"]) == []


def test_a_status_fault_speaks_zeps_language_and_never_reaches_zep(client, gateway, zep):
    gateway.apply("f", Status(code=401))
    answer = client.get("/api/v4/project")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert gateway.hits("f") == 1
    assert httpx.get(f"http://{zep}/_double/ledger", trust_env=False).text == ""


def test_retry_after_is_sent_as_zep_sends_it(client, gateway):
    gateway.apply("f", Status(code=429, retry_after_s=60))
    assert client.get("/api/v4/project").headers["retry-after"] == "60"


def test_faults_switch_live_on_an_open_connection(client, gateway):
    statuses = [client.get("/api/v4/project").status_code]
    gateway.apply("f", Status(code=503))
    statuses.append(client.get("/api/v4/project").status_code)
    gateway.heal("f")
    statuses.append(client.get("/api/v4/project").status_code)
    assert statuses == [200, 503, 200]


def test_only_the_route_is_hit(client, gateway):
    gateway.apply("f", Status(route=CONTEXT))
    assert client.get("/api/v4/project").status_code == 200
    assert client.get("/api/v4/threads/t/context").status_code == 503


def test_latency_delays_and_forwards(client, gateway):
    gateway.apply("f", Latency(delay_ms=200))
    began = time.monotonic()
    assert client.get("/api/v4/project").status_code == 200
    assert time.monotonic() - began >= 0.2


def test_a_hang_answers_nobody_and_frees_everything_when_the_client_goes(client, gateway):
    gateway.apply("f", Hang())
    with pytest.raises(httpx.ReadTimeout):
        client.get("/api/v4/project", timeout=0.2)
    gateway.heal("f")
    assert client.get("/api/v4/project").status_code == 200
    hung, served = gateway.log()
    assert (hung["status"], hung["fault"], served["status"]) == (None, "f", 200)


def test_a_fault_whose_lease_lapses_heals_itself(client, gateway):
    gateway.apply("f", Status(), lease_s=0.2)
    assert client.get("/api/v4/project").status_code == 503
    eventually(lambda: gateway.active() == [])
    assert client.get("/api/v4/project").status_code == 200
    with pytest.raises(InjectorError, match="no fault named 'f'"):
        gateway.renew("f")
    gateway.heal("f")  # healing what is gone is fine


def test_renewing_keeps_a_fault(gateway):
    gateway.apply("f", Status(), lease_s=0.3)
    gateway.renew("f", lease_s=30)
    time.sleep(0.4)  # longer than the first lease: the point is that nothing happens
    assert gateway.active() == ["f"]
    gateway.heal_all()
    assert gateway.active() == []


def test_many_requests_share_few_connections(client, gateway):
    assert {client.get("/api/v4/project").status_code for _ in range(50)} == {200}
    assert len(gateway.log()) == 50


@pytest.fixture
def echo(launch) -> Iterator[str]:
    """An upstream that sends every body back, chunked when the request was."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_echo, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as stream:
        while line := stream.readline():
            headers = {}
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                headers[name.lower()] = value.strip()
            if headers.get(b"transfer-encoding") == b"chunked":
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while (size := int(stream.readline(), 16)) >= 0:
                    connection.sendall(b"%x\r\n%b\r\n" % (size, stream.read(size)))
                    stream.readline()
                    if size == 0:
                        break
            else:
                body = stream.read(int(headers[b"content-length"]))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_pass_unchanged(gateway_to, echo, chunked):
    ready = gateway_to(echo)
    body = bytes(range(256)) * 20_000  # 5 MB
    pieces = (body[i : i + 70_000] for i in range(0, len(body), 70_000))
    with httpx.Client(trust_env=False, timeout=10) as client:
        for content in (pieces if chunked else body, b"again, on the same connection"):
            answer = client.post(f"http://{ready['listen']}/", content=content)
            assert answer.content == (body if content != b"again, on the same connection" else content)


def test_an_upstream_that_is_gone_is_a_502_that_says_who_speaks(gateway_to, unused_port):
    ready = gateway_to(f"http://127.0.0.1:{unused_port}")
    answer = httpx.get(f"http://{ready['listen']}/", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "gateway")


def test_head_and_pipelining(ready):
    with socket.create_connection(ready["listen"].split(":")) as raw:
        key = b"Host: z\r\nAuthorization: Api-Key a-key\r\n\r\n"
        raw.sendall(b"HEAD /api/v4/nothing HTTP/1.1\r\n" + key + b"GET /api/v4/project HTTP/1.1\r\n" + key)
        raw.settimeout(3)
        received = b""
        while b"double" not in received:
            received += raw.recv(65536)
    assert received.count(b"HTTP/1.1 404") == 1
    assert received.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("junk", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000])
def test_junk_is_refused_and_the_gateway_goes_on(ready, client, junk):
    with socket.create_connection(ready["listen"].split(":")) as raw:
        raw.sendall(junk)
        raw.settimeout(3)
        assert raw.recv(65536).startswith(b"HTTP/1.1 4")
    assert client.get("/api/v4/project").status_code == 200


def test_the_counters_tell_what_hit_what(client, gateway, ready):
    gateway.apply("f", Status(code=401, route=CONTEXT, first=1))
    for _ in range(2):
        client.get("/api/v4/threads/5b0c1d2e-0000-4000-8000-000000000000/context")
    gateway.heal("f")
    client.get("/api/v4/project")
    assert httpx.get(f"http://{ready['admin']}/counters", trust_env=False).json() == {
        "requests": 3,
        "status": {"401": 1, "404": 1, "200": 1},
        "routes": {"GET /api/v4/threads/*/context": 2, "GET /api/v4/project": 1},
        "faults": {"f": 1},
    }


def test_neither_key_nor_query_nor_body_is_in_the_log(client, gateway):
    gateway.apply("f", Status(first=1))
    for _ in range(2):
        client.post("/api/v4/users?q=canary-1", json={"user_id": "canary-2"}, headers={"X-Other": "canary-3"})
    logged = str(gateway.log())
    assert not re.search(r"canary|a-key", logged)
    assert logged.count("/api/v4/users") == 2
