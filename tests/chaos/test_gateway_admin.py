"""What the gateway's admin API takes and refuses; `test_l7` drives it over the wire."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from chaos.faults import Hang
from chaos.gateway.admin import Admin
from chaos.gateway.log import KEPT, ROUTES, Log, route_of
from chaos.gateway.rules import Rules
from chaos.injectors.l7 import Gateway
from chaos.web import Request, Response

UUID = "5b0c1d2e-0000-4000-8000-000000000000"


@pytest.fixture
def log() -> Log:
    return Log(lambda: 7.0, lambda: 1e9)


@pytest.fixture
def admin(log) -> Admin:
    return Admin(Rules(), log, lambda: 0.0)


def ask(admin: Admin, method: str, path: str, body: object = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return admin(Request(method, path, {}, named, json.dumps(body).encode() if body is not None else b""))


def test_a_fault_is_created_with_the_defaults_of_the_contract(admin):
    answer = ask(admin, "POST", "/faults", {"name": "f", "kind": "status"})
    assert answer.status == 201
    shown = json.loads(answer.body)
    assert (shown["lease_s"], shown["percent"], shown["first"], shown["seed"]) == (5, 100, None, 1)
    assert ask(admin, "PATCH", "/faults/f", {"lease_s": 9}).status == 200
    assert json.loads(ask(admin, "GET", "/faults").body)[0]["lease_s"] == 9
    assert ask(admin, "DELETE", "/faults/f").status == 204
    assert ask(admin, "DELETE", "/faults").status == 204


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"kind": "status"}, "name"),
        ({"name": "f", "kind": "sttus"}, "use one of close, drip, garbage, hang"),
        ({"name": "f", "kind": "status", "percent": 101}, "percent must be from 0 to 100"),
        ({"name": "f", "kind": "status", "code": "many"}, "code must be int"),
        ({"name": "f", "kind": "status", "route": "context"}, "METHOD /path"),
        ({"name": "f", "kind": "status", "delay_ms": 1}, "no field 'delay_ms'"),
        ({"name": "f", "kind": "latency", "delay_ms": -5}, "delay_ms must be from 0"),
        ({"name": "f", "kind": "status", "lease_s": 0}, "lease_s must be seconds above 0"),
        ({"name": "f", "kind": "status", "lease_s": 1e9}, "up to 3600"),
        ({"name": "f", "kind": "status", "code": 100}, "from 200 to 599"),
        ({"name": "f", "kind": "status", "retry_after_s": -1}, "retry_after_s"),
        ({"name": "f", "kind": "status", "first": 0}, "first must be above 0"),
        ({"name": "f", "kind": "status", "first": True}, "first must be int"),
        ({"name": "f", "kind": "status", "for_s": 0}, "for_s"),
        ({"name": "a b", "kind": "status"}, "unusable name"),
        ([], "JSON object"),
    ],
)
def test_nonsense_is_refused_by_name(admin, body, complaint):
    answer = ask(admin, "POST", "/faults", body)
    error = json.loads(answer.body)
    assert (answer.status, error["status"]) == (400, 400)
    assert complaint in error["error"]
    assert json.loads(ask(admin, "GET", "/faults").body) == []


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"NaN", b"null"])
def test_what_is_not_json_is_a_400(admin, raw):
    assert admin(Request("POST", "/faults", {}, {}, raw)).status == 400


@pytest.mark.parametrize("field", ["percent", "after_s", "for_s", "lease_s", "retry_after_s", "delay_ms"])
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(admin, field, number):
    kind = "latency" if field == "delay_ms" else "status"
    body = b'{"name": "f", "kind": "%b", "%b": %b}' % (kind.encode(), field.encode(), number.encode())
    assert admin(Request("POST", "/faults", {}, {}, body)).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("PUT", "/faults"),
        ("POST", "/faults/f"),
        ("DELETE", "/faults/f"),
        ("PATCH", "/faults/f"),
    ],
)
def test_what_is_unknown_is_a_404(admin, method, path):
    answer = ask(admin, method, path, {})
    assert (answer.status, json.loads(answer.body)["status"]) == (404, 404)


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"user_agent": "Mozilla/5.0"}]
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/log"), ("DELETE", "/faults"), ("POST", "/faults")])
def test_browsers_are_refused(admin, method, path, headers):
    assert ask(admin, method, path, {}, **headers).status == 403


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (f"/api/v4/threads/{UUID}/context", "GET /api/v4/threads/*/context"),
        ("/api/v2/threads/my-thread-1/context", "GET /api/v2/threads/*/context"),
        ("/", "GET /"),
        ("/api/v4/Über", "GET /api/v4/*"),
    ],
)
def test_routes_are_counted_without_ids(path, route):
    assert route_of("GET", path) == route


def test_counted_routes_stay_few(log):
    for n in range(1000):
        log.arrived("GET", "/" + "a" * n, probe=False, fault=None)
    assert len(log.routes) == ROUTES + 1
    assert log.routes["other"] == 1000 - ROUTES


def test_the_log_is_a_ring_read_from_any_point(log):
    for _ in range(KEPT + 10):
        log.arrived("GET", "/", probe=False, fault=None)

    def numbers(after: int) -> list[int]:
        return [json.loads(line)["n"] for line in asyncio.run(log.after(after)).splitlines()]

    assert numbers(KEPT + 8) == [KEPT + 9, KEPT + 10]
    assert numbers(KEPT + 10) == numbers(KEPT + 99) == []
    assert numbers(0)[0] == 11
    assert len(numbers(0)) == KEPT


def test_elsewhere_than_on_loopback_it_asks_for_the_token(launch, zep, monkeypatch):
    token = {"GATEWAY_ADMIN_TOKEN": "s3cret"}
    words = ("gateway", "--listen", "127.0.0.1:0", "--upstream", f"http://{zep}", "--admin", "0.0.0.0:0")
    ready = launch(*words, **token)
    url = f"http://127.0.0.1:{ready['admin'].rsplit(':', 1)[1]}"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        refused = httpx.post(
            f"{url}/faults", json={"name": "f", "kind": "hang"}, headers=headers, trust_env=False
        )
        assert refused.status_code == 401
        assert "s3cret" not in refused.text
    monkeypatch.setenv(*token.popitem())
    gateway = Gateway(url)
    gateway.apply("f", Hang())
    assert gateway.active() == ["f"]
    gateway.close()
