"""The servers of chaos/ as processes of their own, as users run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

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
