"""Status codes and bodies of the embedded Toxiproxy's API, as version 2.12 answers."""

from __future__ import annotations

import socket
import subprocess
import sys

import httpx
import pytest

WAIT_S = 5.0
UPSTREAM = "127.0.0.1:9"
LATENCY = {"type": "latency", "attributes": {"latency": 10}}


@pytest.fixture
def api(toxiproxy_server):
    with httpx.Client(base_url=f"http://{toxiproxy_server}", timeout=WAIT_S, trust_env=False) as api:
        yield api
        for name in api.get("/proxies").json():
            api.delete(f"/proxies/{name}")


@pytest.fixture
def proxy(api):
    body = {"name": "p", "listen": "127.0.0.1:0", "upstream": UPSTREAM}
    return api.post("/proxies", json=body).json()


def error(response):
    assert response.json()["status"] == response.status_code
    return response.status_code, response.json()["error"]


def test_version(api):
    version = api.get("/version").json()["version"]
    assert version.startswith("2.12.0") or version == "git"  # what `go install` calls its build


def test_a_proxy_from_birth_to_death(api):
    body = {"name": "p", "listen": "127.0.0.1:0", "upstream": UPSTREAM}
    created = api.post("/proxies", json=body)
    assert created.status_code == 201
    proxy = created.json()
    logger = {"Logger": {}} if "Logger" in proxy else {}  # a field of Go's that 2.12.0 lets slip
    assert not proxy["listen"].endswith(":0")
    assert proxy == {**body, "listen": proxy["listen"], "enabled": True, "toxics": [], **logger}
    assert api.get("/proxies").json() == {"p": proxy}
    assert api.get("/proxies/p").json() == proxy
    assert api.delete("/proxies/p").status_code == 204
    assert error(api.get("/proxies/p")) == (404, "proxy not found")


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_a_proxy_is_updated_in_part(api, proxy, verb):
    off = api.request(verb, "/proxies/p", json={"enabled": False})
    assert (off.status_code, off.json()) == (200, {**proxy, "enabled": False})
    moved = api.request(verb, "/proxies/p", json={"enabled": True, "upstream": "127.0.0.1:10"}).json()
    assert moved == {**proxy, "upstream": "127.0.0.1:10"}


def test_a_toxic_from_birth_to_death(api, proxy):
    created = api.post("/proxies/p/toxics", json=LATENCY)
    toxic = {
        "name": "latency_downstream",
        "type": "latency",
        "stream": "downstream",
        "toxicity": 1,
        "attributes": {"latency": 10, "jitter": 0},
    }
    assert (created.status_code, created.json()) == (200, toxic)
    assert api.get("/proxies/p/toxics").json() == [toxic]
    assert api.get("/proxies/p").json()["toxics"] == [toxic]
    assert api.get("/proxies/p/toxics/latency_downstream").json() == toxic
    assert api.delete("/proxies/p/toxics/latency_downstream").status_code == 204
    assert error(api.get("/proxies/p/toxics/latency_downstream")) == (404, "toxic not found")


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_a_toxic_is_updated_in_part(api, proxy, verb):
    api.post("/proxies/p/toxics", json=LATENCY)
    changes = {"attributes": {"jitter": 3}, "toxicity": 0.5}
    changed = api.request(verb, "/proxies/p/toxics/latency_downstream", json=changes).json()
    assert (changed["attributes"], changed["toxicity"]) == ({"latency": 10, "jitter": 3}, 0.5)


def test_upstream_toxics_come_first(api, proxy):
    for stream in ("downstream", "upstream"):
        api.post("/proxies/p/toxics", json={"type": "noop", "stream": stream})
    names = [toxic["name"] for toxic in api.get("/proxies/p/toxics").json()]
    assert names == ["noop_upstream", "noop_downstream"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"upstream": UPSTREAM}, (400, "missing required field: name")),
        ({"name": "q"}, (400, "missing required field: upstream")),
        ({"name": "p", "upstream": UPSTREAM}, (409, "proxy already exists")),
        ({"name": 7, "upstream": UPSTREAM}, (400, "bad request body: ")),
        ([], (400, "bad request body: ")),
    ],
)
def test_proxies_that_are_refused(api, proxy, body, expected):
    status, message = error(api.post("/proxies", json=body))
    assert (status, message.startswith(expected[1])) == (expected[0], True)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"type": "http"}, 400, "invalid toxic type"),
        ({"type": "latency", "stream": "sideways"}, 400, "stream was invalid"),
        ({"type": "latency", "attributes": {"latency": "1"}}, 400, "bad request body"),
        ({"type": "latency", "toxicity": "much"}, 400, "bad request body"),
        ({"type": "latency", "name": "taken"}, 409, "toxic already exists"),
    ],
)
def test_toxics_that_are_refused(api, proxy, body, status, message):
    api.post("/proxies/p/toxics", json={"type": "noop", "name": "taken"})
    found, words = error(api.post("/proxies/p/toxics", json=body))
    assert (found, message in words) == (status, True)


def test_what_is_not_json_is_refused(api):
    assert error(api.post("/proxies", content=b"{"))[0] == 400
    assert error(api.post("/proxies")) == (400, "bad request body: EOF")
    assert error(api.post("/proxies", content=b"\xff"))[0] == 400


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "/proxies/none"),
        ("DELETE", "/proxies/none"),
        ("GET", "/proxies/none/toxics"),
        ("POST", "/proxies/none/toxics"),
        ("DELETE", "/proxies/none/toxics/t"),
    ],
)
def test_an_unknown_proxy(api, verb, path):
    assert error(api.request(verb, path, json={})) == (404, "proxy not found")


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
def test_an_unknown_toxic(api, proxy, verb):
    assert error(api.request(verb, "/proxies/p/toxics/none", json={})) == (404, "toxic not found")


def test_a_port_in_use(api):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        answer = api.post("/proxies", json={"name": "p", "listen": listen, "upstream": UPSTREAM})
    assert error(answer) == (500, f"listen tcp {listen}: bind: address already in use")
    assert api.get("/proxies").json() == {}


def test_a_web_page_is_refused(api):
    answer = api.get("/version", headers={"User-Agent": "Mozilla/5.0 (X11)"})
    assert answer.status_code == 403


def test_unknown_paths_and_methods(api):
    assert api.get("/nothing").status_code == 404
    assert api.put("/proxies").status_code == 405
    assert api.get("/reset").status_code == 405


def test_names_are_decoded(api):
    api.post("/proxies", json={"name": "a b", "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    assert api.get("/proxies/a%20b").json()["name"] == "a b"
    assert api.delete("/proxies/a%20b").status_code == 204


def test_populate_creates_replaces_and_leaves_alone(api):
    kept = api.post("/proxies", json={"name": "kept", "listen": "127.0.0.1:0", "upstream": UPSTREAM}).json()
    api.post("/proxies/kept/toxics", json=LATENCY)
    api.post("/proxies", json={"name": "moved", "listen": "127.0.0.1:0", "upstream": UPSTREAM})
    bodies = [
        {"name": "kept", "listen": kept["listen"], "upstream": UPSTREAM},
        {"name": "moved", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:10"},
        {"name": "off", "listen": "127.0.0.1:0", "upstream": UPSTREAM, "enabled": False},
    ]
    answer = api.post("/populate", json=bodies)
    assert answer.status_code == 201
    kept, moved, off = answer.json()["proxies"]
    assert [toxic["name"] for toxic in kept["toxics"]] == ["latency_downstream"]
    assert moved["upstream"] == "127.0.0.1:10"
    assert off["enabled"] is False


def test_populate_refuses_all_when_one_is_wrong(api):
    answer = api.post("/populate", json=[{"name": "good", "upstream": UPSTREAM}, {"name": "bad"}])
    assert error(answer) == (400, "missing required field: upstream at proxy 2")
    assert api.get("/proxies").json() == {}


def test_reset_answers_nothing(api, proxy):
    api.post("/proxies/p/toxics", json=LATENCY)
    api.patch("/proxies/p", json={"enabled": False})
    answer = api.post("/reset")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get("/proxies/p").json() == proxy


@pytest.mark.parametrize("port", ["taken", "99999", "x", ""])
def test_a_port_that_cannot_be_had_at_start_is_one_line(embedded, toxiproxy_server, port):
    port = port.replace("taken", toxiproxy_server.rsplit(":", 1)[1])
    command = [sys.executable, "-m", "chaos.toxiproxy.server", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert ended.returncode != 0
    assert len(ended.stderr.strip().splitlines()) == 1
    assert port in ended.stderr
