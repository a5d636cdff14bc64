"""The L4 injector: the published client with an address, timeouts, errors and a way out of its own."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import toxiproxy

from chaos.faults import Down, Toxic
from chaos.injectors import InjectorError
from chaos.injectors.l4 import L4

WAIT_S = 5.0
UPSTREAM = "127.0.0.1:9"
HOLD = Toxic(proxy="p", type="timeout", attributes={"timeout": 0})


def server_process():
    command = [sys.executable, "-m", "chaos.toxiproxy.server", "--port", "0"]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


@pytest.fixture(scope="module")
def url():
    with server_process() as process:
        yield "http://" + json.loads(process.stdout.readline())["listen"]
        process.terminate()


@pytest.fixture
def l4(url):
    l4 = L4(url)
    l4.create("p", UPSTREAM)
    yield l4
    l4.remove("p")


def test_version(l4):
    assert l4.version().startswith("2.12.0")


def test_create_answers_the_address_and_remove_twice_is_fine(l4):
    host, port = l4.create("q", UPSTREAM).split(":")
    with socket.create_connection((host, int(port)), WAIT_S):
        pass
    l4.remove("q")
    l4.remove("q")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), WAIT_S)


def test_a_toxic_is_applied_and_healed_by_name(l4):
    l4.apply("drill-1", HOLD)
    assert l4.active() == ["drill-1"]
    l4.heal("drill-1", HOLD)
    l4.heal("drill-1", HOLD)
    assert l4.active() == []


def test_down_is_applied_and_healed(l4):
    down = Down(proxy="p")
    l4.apply("drill-1", down)
    assert l4.active() == ["down:p", "drill-1"]
    assert l4.in_force("drill-1", down)
    l4.heal("drill-1", down)
    l4.heal("drill-1", down)
    assert l4.active() == []
    assert not l4.in_force("drill-1", down)


def test_a_proxy_that_somebody_switched_off_again_is_not_healed(l4, url):
    down = Down(proxy="p")
    l4.apply("drill-1", down)
    l4.heal("drill-1", down)
    requests.post(f"{url}/proxies/p", json={"enabled": False}, timeout=WAIT_S)
    assert l4.in_force("drill-1", down)


@pytest.mark.parametrize("fault", [HOLD, Down(proxy="p")])
def test_healing_what_is_gone_with_its_proxy_is_fine(url, fault):
    l4 = L4(url)
    l4.create("p", UPSTREAM)
    l4.apply("drill-1", fault)
    l4.remove("p")
    l4.heal("drill-1", fault)


def test_another_instance_heals_what_it_did_not_apply(l4, url):
    l4.apply("drill-1", HOLD)
    L4(url).heal("drill-1", HOLD)
    assert l4.active() == []


def test_sweep_removes_what_drills_left_and_nothing_else(l4):
    l4.apply("drill-7f3a-auth_401-1", HOLD)
    l4.apply("mine", Toxic(proxy="p", type="noop"))
    assert l4.sweep() == ["drill-7f3a-auth_401-1"]
    assert l4.active() == ["mine"]


def test_sweep_switches_on_again_what_drills_switched_off_and_nothing_else(l4, url):
    l4.create("other", UPSTREAM)
    l4.apply("drill-1", Down(proxy="p"))
    l4.apply("mine", Down(proxy="other"))
    assert L4(url).sweep() == ["drill-1"]
    assert l4.active() == ["down:other", "mine"]
    l4.remove("other")


def test_reset(l4):
    l4.apply("drill-1", HOLD)
    l4.apply("drill-2", Down(proxy="p"))
    l4.reset()
    assert l4.active() == []


def test_two_addresses_at_once_and_the_users_own_client_untouched(l4):
    before = (toxiproxy.server.APIConsumer.host, toxiproxy.server.APIConsumer.port)
    with server_process() as process:
        other = L4("http://" + json.loads(process.stdout.readline())["listen"])
        other.create("q", UPSTREAM)
        l4.apply("drill-1", HOLD)
        assert (l4.active(), other.active()) == (["drill-1"], [])
        process.terminate()
    assert (toxiproxy.server.APIConsumer.host, toxiproxy.server.APIConsumer.port) == before
    assert not [name for name in sys.modules if name.startswith("_toxiproxy")]


# errors: one line that names the address


def raises(l4, words):
    return pytest.raises(InjectorError, match=f"^Toxiproxy at {re.escape(l4.url)}: [^\n]*{words}[^\n]*$")


def test_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        l4 = L4(f"http://127.0.0.1:{gone.getsockname()[1]}")
    for call in (l4.version, l4.active, l4.sweep, l4.reset, lambda: l4.heal("drill-1", HOLD)):
        with raises(l4, "nothing answers there"):
            call()


def test_no_answer_in_time():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        l4 = L4(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout_s=0.1)
        begun = time.monotonic()
        with raises(l4, "no answer within 0.1 s"):
            l4.active()
        assert time.monotonic() - begun < 1.0


def test_not_found_and_exists_and_refused(l4):
    with raises(l4, "proxy not found"):
        l4.apply("drill-1", Down(proxy="none"))
    with raises(l4, "already exists"):
        l4.create("p", UPSTREAM)
    with raises(l4, "invalid toxic type"):
        l4.apply("drill-1", Toxic(proxy="p", type="http"))
    with socket.create_server(("127.0.0.1", 0)) as taken, raises(l4, "500, listen tcp .* in use"):
        l4.create("q", UPSTREAM, f"127.0.0.1:{taken.getsockname()[1]}")


@pytest.mark.parametrize("url", ["127.0.0.1:8474", "https://127.0.0.1:8474", ""])
def test_an_address_that_is_none(url):
    with pytest.raises(InjectorError, match="give http://host:port"):
        L4(url)


# the way out


class Stuck(BaseHTTPRequestHandler):
    """A Toxiproxy whose toxics cannot be deleted, as the real one's when a client does not read."""

    def answer(self, status, value=None):
        body = json.dumps(value).encode() if value is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        proxy = {"name": "p", "listen": "127.0.0.1:1234", "upstream": UPSTREAM, "enabled": True, "toxics": []}
        if self.server.hanging.is_set():
            self.server.released.wait(WAIT_S)
        self.answer(200, proxy if self.path == "/proxies/p" else {"p": proxy})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(("POST", self.path, body))
        self.answer(201, body)

    def do_DELETE(self):
        self.server.calls.append(("DELETE", self.path, None))
        if "/toxics/" in self.path:
            self.server.hanging.set()
            self.server.released.wait(WAIT_S)
        self.answer(self.server.status, {"error": "no", "status": self.server.status})

    def log_message(self, *args):
        pass


@pytest.fixture
def stuck():
    with ThreadingHTTPServer(("127.0.0.1", 0), Stuck) as server:
        server.calls, server.status = [], 204
        server.hanging, server.released = threading.Event(), threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def test_a_heal_without_an_answer_deletes_the_proxy_and_creates_it_again(stuck):
    l4 = L4(f"http://127.0.0.1:{stuck.server_port}", timeout_s=0.2)
    l4.apply("drill-1", HOLD)
    begun = time.monotonic()
    l4.heal("drill-1", HOLD)
    assert time.monotonic() - begun < 1.5
    assert stuck.calls[1:] == [
        ("DELETE", "/proxies/p/toxics/drill-1", None),
        ("DELETE", "/proxies/p", None),
        ("POST", "/proxies", {"name": "p", "listen": "127.0.0.1:1234", "upstream": UPSTREAM}),
    ]


def test_the_same_when_the_server_fails(stuck):
    stuck.status = 503
    stuck.released.set()
    l4 = L4(f"http://127.0.0.1:{stuck.server_port}")
    l4.apply("drill-1", HOLD)
    with raises(l4, "cannot recreate proxy p: 503"):
        l4.heal("drill-1", HOLD)


def test_a_client_that_never_saw_the_proxy_cannot_recreate_it(stuck):
    l4 = L4(f"http://127.0.0.1:{stuck.server_port}", timeout_s=0.1)
    with raises(l4, "cannot heal timeout on proxy p: no answer"):
        l4.heal("drill-1", HOLD)
