"""The servers of chaos/ as processes of their own, as users run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import toxiproxy
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


@pytest.fixture(scope="module")
def toxiproxy_server():
    command = [sys.executable, "-m", "chaos.toxiproxy.server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        yield json.loads(process.stdout.readline())["listen"]
        process.terminate()
        assert process.wait(WAIT_S) == 0


@pytest.fixture
def client(toxiproxy_server):
    host, port = toxiproxy_server.split(":")
    client = toxiproxy.Toxiproxy()
    client.update_api_consumer(host, int(port))
    yield client
    client.destroy_all()


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.listener.close()


@pytest.fixture
def proxy(client, upstream):
    return client.create(upstream=upstream.address, name="echo")
