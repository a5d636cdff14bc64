"""The servers of chaos/ as processes of their own, as users run them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import node_toxiproxy
import pytest
import toxiproxy
from awaiting import eventually
from ports import free_port
from tcp import WAIT_S, Upstream

Launch = Callable[..., dict[str, str]]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start `zep-chaos ...`; return its ready line, and its pid."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **environ: str) -> dict[str, str]:
        argv = [sys.executable, "-m", "chaos.cli", *words]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, **environ})
        running.append(process)
        return {**json.loads(process.stdout.readline()), "pid": str(process.pid)}

    yield start
    for process in running:
        process.terminate()
        rest, _ = process.communicate(timeout=5)
        assert (process.returncode, rest) == (0, b"")  # one line when ready, and nothing else


@pytest.fixture
def zep(launch) -> str:
    """The address of a Zep double that accepts the key `a-key`."""
    return launch("zep", "--listen", "127.0.0.1:0", ZEP_API_KEY="a-key")["listen"]


@pytest.fixture
def gateway_to(launch) -> Callable[[str], dict[str, str]]:
    """Start a gateway in front of a URL."""
    return lambda upstream: launch(
        "gateway", "--listen", "127.0.0.1:0", "--upstream", upstream, "--admin", "127.0.0.1:0"
    )


@pytest.fixture(scope="module", params=["embedded", "real"])
def toxiproxy_server(request):
    """One conformance suite for both: `host:port` of the embedded server, and of Toxiproxy's own."""
    with toxiproxy_of(request.param, "-proxy-metrics") as address:
        yield address


@pytest.fixture
def embedded(toxiproxy_server, request):
    """For what the embedded server does better: the real one's traps are in docs/faults.md."""
    if request.node.callspec.params["toxiproxy_server"] == "real":
        pytest.skip("a trap of the real server: see docs/faults.md")


@pytest.fixture(params=["embedded", "real"])
def start_toxiproxy(request):
    """Start a server of each kind with Toxiproxy's own flags: a context that yields its address."""
    return lambda *flags: toxiproxy_of(request.param, *flags)


@contextlib.contextmanager
def toxiproxy_of(kind: str, *flags: str) -> Iterator[str]:
    """A server of that kind, started with Toxiproxy's own flags; yields its address."""
    with _embedded_toxiproxy(flags) if kind == "embedded" else _real_toxiproxy(flags) as address:
        yield address


@contextlib.contextmanager
def _embedded_toxiproxy(flags):
    command = [sys.executable, "-m", "chaos.toxiproxy.server", "-port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield json.loads(process.stdout.readline())["listen"]
        finally:
            process.terminate()
        assert process.wait(WAIT_S) == 0


@contextlib.contextmanager
def _real_toxiproxy(flags):
    binary = shutil.which("toxiproxy-server")
    if not binary:
        pytest.skip("no toxiproxy-server on PATH")
    port = free_port()
    argv = [binary, "-host", "127.0.0.1", "-port", str(port), *flags]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: _answers(port))
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/version", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(params=["python", "node"])
def client(toxiproxy_server, request):
    """Each published client, with one face."""
    clients = {"python": _python_client, "node": _node_client}
    with clients[request.param](toxiproxy_server) as client:
        yield client
        client.destroy_all()


@contextlib.contextmanager
def _python_client(address):
    host, port = address.split(":")
    client = toxiproxy.Toxiproxy()
    client.update_api_consumer(host, int(port))
    yield client


def _node_client(address):
    if not node_toxiproxy.installed():
        pytest.skip("no toxiproxy-node-client in NODE_PATH: npm install --prefix DIR toxiproxy-node-client")
    return node_toxiproxy.NodeToxiproxy(address)


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.listener.close()


@pytest.fixture
def proxy(client, upstream):
    return client.create(upstream=upstream.address, name="echo")
