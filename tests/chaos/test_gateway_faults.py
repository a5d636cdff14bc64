"""What each fault of the gateway does to real clients: httpx, aiohttp and the installed zep-cloud SDK."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from real_clients import CLIENTS, HAS_RETRIES, KEY, PROJECT, by_httpx, by_sdk

from chaos.faults import Close, Drip, Garbage, Hang, HttpFault, Latency, Reset, Status, Truncate
from chaos.injectors.l7 import Gateway

ROWS: dict[str, tuple[HttpFault, object, object, object]] = {
    "401": (Status(code=401), 401, 401, 401),
    "403": (Status(code=403), 403, 403, 403),
    "404": (Status(code=404), 404, 404, 404),
    "408": (Status(code=408), 408, 408, 408),
    "409": (Status(code=409), 409, 409, 409),
    "422": (Status(code=422), 422, 422, 422),
    "429 with Retry-After": (Status(code=429, retry_after_s=2), 429, 429, 429),
    "500": (Status(code=500), 500, 500, 500),
    "503": (Status(code=503), 503, 503, 503),
    "latency": (Latency(delay_ms=50), 200, 200, "an answer"),
    "latency beyond the deadline": (Latency(delay_ms=2000), "ReadTimeout", "TimeoutError", "ReadTimeout"),
    "hang": (Hang(), "ReadTimeout", "TimeoutError", "ReadTimeout"),
    "close": (Close(), "RemoteProtocolError", "ServerDisconnectedError", "RemoteProtocolError"),
    "reset": (Reset(), "ReadError", "ClientOSError", "ReadError"),
    "reset in the body": (Reset(after_bytes=5), "ReadError", "ClientPayloadError", "ReadError"),
    "truncate": (Truncate(after_bytes=5), "RemoteProtocolError", "ClientPayloadError", "RemoteProtocolError"),
    "html": (Garbage(variant="html"), 200, 200, 200),
    "invalid json": (Garbage(variant="invalid_json"), 200, 200, 200),
    "empty": (Garbage(variant="empty"), 200, 200, 200),
    "drip": (Drip(every_ms=1), 200, 200, "an answer"),
}
"""A fault, and what httpx, aiohttp and the SDK without retries make of it."""
TIMEOUT_S = 0.5


@pytest.fixture
def ready(gateway_to, zep) -> dict[str, str]:
    return gateway_to(f"http://{zep}")


@pytest.fixture
def gateway(ready) -> Iterator[Gateway]:
    gateway = Gateway(f"http://{ready['admin']}")
    yield gateway
    gateway.close()


@pytest.fixture
def url(ready) -> str:
    return f"http://{ready['listen']}"


@pytest.fixture
def client(url) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=KEY, trust_env=False, timeout=5) as client:
        yield client


@pytest.mark.parametrize("name", ROWS)
def test_what_real_clients_see(gateway, client, url, name):
    fault, *seen = ROWS[name]
    gateway.apply("f", fault, lease_s=30)
    assert [ask(url, TIMEOUT_S) for ask in CLIENTS.values()] == seen
    assert gateway.hits("f") in (3, 4)  # aiohttp by itself asks again when nothing was answered
    gateway.heal("f")
    assert by_httpx(url) == 200


@pytest.mark.parametrize("name", ["503", "hang", "close", "reset", "truncate"])
def test_a_fault_is_live_on_an_open_connection(gateway, client, name):
    fault, seen, *_ = ROWS[name]
    client.get(PROJECT)
    gateway.apply("f", fault, lease_s=30)
    with pytest.raises(httpx.HTTPError) as raised:
        client.get(PROJECT, timeout=TIMEOUT_S).raise_for_status()
    assert getattr(raised.value, "response", SimpleNamespace(status_code=None)).status_code == seen or (
        type(raised.value).__name__ == seen
    )


def test_the_sdks_own_retries_hide_two_failures_on_4x(gateway, url):
    gateway.apply("f", Status(code=503, first=2), lease_s=30)
    assert by_sdk(url, max_retries=2) == ("an answer" if HAS_RETRIES else 503)
    assert len(gateway.log()) == (3 if HAS_RETRIES else 1)


def test_the_sdk_sleeps_as_long_as_a_429_tells_it_on_4x(gateway, url):
    gateway.apply("f", Status(code=429, retry_after_s=1, first=1), lease_s=30)
    began = time.monotonic()
    assert by_sdk(url, max_retries=2) == ("an answer" if HAS_RETRIES else 429)
    assert (time.monotonic() - began >= 1) is HAS_RETRIES


def test_a_wrong_shape_is_valid_json_that_the_sdk_cannot_take(gateway, client, url):
    gateway.apply("f", Garbage(variant="wrong_shape"))
    assert isinstance(client.get(PROJECT).json(), list)
    assert by_sdk(url) in ("ValidationError", 200)  # pydantic's on 3.x, ParsingError on 4.x


@pytest.mark.parametrize(
    ("path", "keys"), [("/api/v4/project", ["error"]), ("/api/v2/projects/info", ["message"])]
)
def test_a_status_has_the_body_of_the_api_that_was_asked(gateway, client, path, keys):
    gateway.apply("f", Status(code=503))
    assert list(client.get(path).json()) == keys


def test_a_drip_defeats_per_operation_timeouts_and_delivers_all(gateway, client):
    whole = client.get(PROJECT).content
    gateway.apply("f", Drip(every_ms=20, chunk_bytes=4), lease_s=30)
    began = time.monotonic()
    answer = client.get(PROJECT, timeout=0.2)
    took_s = time.monotonic() - began
    assert answer.content == whole
    assert took_s > 0.02 * (len(whole) // 4 - 1)
    assert took_s > 0.2  # longer than the timeout of each operation


def test_healing_ends_a_drip_at_once(gateway, client):
    gateway.apply("f", Drip(every_ms=500), lease_s=0.3)  # unrenewed: 40 bytes would take 20 s
    began = time.monotonic()
    assert client.get(PROJECT, timeout=5).status_code == 200
    assert time.monotonic() - began < 2


def test_a_spoiled_request_reached_zep_and_a_swallowed_one_did_not(gateway, client, zep):
    for name, fault in (("t", Truncate()), ("c", Close())):
        gateway.apply(name, fault)
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(PROJECT)
        gateway.heal(name)
    ledger = httpx.get(f"http://{zep}/_double/ledger", trust_env=False).text
    assert ledger.count(PROJECT) == 1


def test_a_reset_is_a_real_one_on_a_kept_open_connection(gateway, url):
    import socket

    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        ask = f"GET {PROJECT} HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key a-key\r\n\r\n".encode()
        raw.sendall(ask)
        assert b"200" in raw.recv(65536)
        gateway.apply("f", Reset())
        raw.sendall(ask)
        with pytest.raises(ConnectionResetError):
            raw.recv(65536)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"kind": "garbage", "variant": "noise"}, "variant must be one of html"),
        ({"kind": "truncate", "after_bytes": -1}, "after_bytes cannot be negative"),
        ({"kind": "drip", "every_ms": 0}, "every_ms"),
        ({"kind": "drip", "chunk_bytes": 0}, "chunk_bytes must be above 0"),
    ],
)
def test_nonsense_is_refused_by_name(ready, body, complaint):
    answer = httpx.post(f"http://{ready['admin']}/faults", json={"name": "f", **body}, trust_env=False)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]


DOCS = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()


def test_the_documented_example_works_as_it_stands(gateway, ready):
    sent = re.search(r"-d '(\{.*?\})'", DOCS, re.DOTALL)[1]
    answer = httpx.post(f"http://{ready['admin']}/faults", content=sent, trust_env=False)
    assert (answer.status_code, gateway.active()) == (201, ["f"])
