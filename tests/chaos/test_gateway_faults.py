"""What each fault of the gateway does to real clients: httpx, aiohttp and the installed zep-cloud SDK."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import aiohttp
import httpx
import pytest
from zep_cloud.client import Zep

from chaos.faults import Close, Drip, Garbage, HttpFault, Reset, Status, Truncate
from chaos.gateway.admin import KINDS
from chaos.injectors.l7 import Gateway

KEY = {"Authorization": "Api-Key a-key"}
PROJECT = "/api/v4/project"


@dataclass(frozen=True)
class Row:
    """A fault, and what each client makes of it: the name of an exception, or a status."""

    fault: HttpFault
    httpx: object
    aiohttp: object
    sdk: object


ROWS = {
    "401": Row(Status(code=401), 401, 401, 401),
    "429 with Retry-After": Row(Status(code=429, retry_after_s=2), 429, 429, 429),
    "close": Row(Close(), "RemoteProtocolError", "ServerDisconnectedError", "RemoteProtocolError"),
    "reset": Row(Reset(), "ReadError", "ClientOSError", "ReadError"),
    "reset in the body": Row(Reset(after_bytes=5), "ReadError", "ClientPayloadError", "ReadError"),
    "truncate": Row(
        Truncate(after_bytes=5), "RemoteProtocolError", "ClientPayloadError", "RemoteProtocolError"
    ),
    "html": Row(Garbage(variant="html"), 200, 200, 200),
    "invalid json": Row(Garbage(variant="invalid_json"), 200, 200, 200),
    "empty": Row(Garbage(variant="empty"), 200, 200, 200),
    "drip": Row(Drip(every_ms=1), 200, 200, "an answer"),
}


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


def by_httpx(client: httpx.Client) -> object:
    try:
        return client.get(PROJECT).status_code
    except httpx.HTTPError as error:
        return type(error).__name__


def by_aiohttp(url: str) -> object:
    async def ask() -> object:
        async with aiohttp.ClientSession(headers=KEY) as session:
            try:
                async with session.get(url + PROJECT) as answer:
                    await answer.read()
                    return answer.status
            except aiohttp.ClientError as error:
                return type(error).__name__

    return asyncio.run(ask())


def by_sdk(url: str) -> object:
    with httpx.Client(trust_env=False, timeout=5) as http:
        zep = Zep(base_url=f"{url}/api/v4", api_key="a-key", httpx_client=http, **NO_RETRIES)
        try:
            zep.project.get()
        except httpx.HTTPError as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - the SDK's own, of either major: its status is what counts
            return error.status_code
    return "an answer"


NO_RETRIES = {"max_retries": 0} if "max_retries" in Zep.__init__.__code__.co_varnames else {}


@pytest.mark.parametrize("name", ROWS)
def test_what_real_clients_see(gateway, client, url, name):
    row = ROWS[name]
    by_httpx(client)  # a connection is open when the fault comes
    gateway.apply("f", row.fault, lease_s=30)
    assert by_httpx(client) == row.httpx
    assert by_aiohttp(url) == row.aiohttp
    assert by_sdk(url) == row.sdk
    assert gateway.hits("f") in (3, 4)  # aiohttp by itself asks again when nothing was answered
    gateway.heal("f")
    assert by_httpx(client) == 200


def test_a_wrong_shape_is_valid_json_that_the_sdk_cannot_take(gateway, client, url):
    gateway.apply("f", Garbage(variant="wrong_shape"))
    assert isinstance(client.get(PROJECT).json(), list)
    with httpx.Client(trust_env=False) as http:
        zep = Zep(base_url=f"{url}/api/v4", api_key="a-key", httpx_client=http)
        with pytest.raises(Exception):  # noqa: B017, PT011 - pydantic's on 3.x, ParsingError on 4.x
            zep.project.get()


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
        by_httpx(client)
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


def test_every_kind_is_documented_with_its_parameters_and_defaults():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", DOCS, re.MULTILINE))
    assert rows.keys() == KINDS.keys()
    shared = {field.name for field in fields(HttpFault)}
    for name, kind in KINDS.items():
        for field in fields(kind):
            if field.name not in shared:
                assert f"`{field.name}`" in rows[name], (name, field.name)
