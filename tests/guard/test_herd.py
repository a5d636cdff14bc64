"""8 processes x 32 threads and a dead Zep: one probe a lapse reaches it, and no other read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import herd_worker
import httpx
import pytest
from awaiting import eventually

from guard.clock import SystemClock
from guard.policy import Policy
from guard.stores.connection import connect
from guard.stores.redis import RedisStore

PROCESSES = 8
ANY_PORT = "127.0.0.1:0"
SETTLED_S = 1.0  # after the trip: what was under way has ended, and everybody knows


class Herd:
    """Workers in front of a gateway that answers in Zep's place, and the state they share."""

    def __init__(
        self, redis_url: str, stack: ExitStack, fault: dict[str, Any], policy: dict[str, float]
    ) -> None:
        self.prefix = f"{{{uuid.uuid4().hex}}}:"
        self.store = RedisStore(connect(redis_url), Policy(), SystemClock(), self.prefix)
        stack.callback(self.store.close)
        zep = stack.enter_context(_chaos("zep", "--listen", ANY_PORT, "--api-key", "a-key"))
        upstream = f"http://{zep['listen']}"
        ready = stack.enter_context(
            _chaos("gateway", "--listen", ANY_PORT, "--upstream", upstream, "--admin", ANY_PORT)
        )
        self._admin = httpx.Client(base_url=f"http://{ready['admin']}", trust_env=False)
        stack.callback(self._admin.close)
        self.apply(fault)
        argv = [sys.executable, herd_worker.__file__, redis_url, self.prefix, f"http://{ready['listen']}"]
        self.workers = [stack.enter_context(_worker([*argv, json.dumps(policy)])) for _ in range(PROCESSES)]

    def heal(self) -> None:
        self._admin.delete("/faults").raise_for_status()

    def apply(self, fault: dict[str, Any]) -> None:
        self.heal()
        self._admin.post("/faults", json={"name": "f", "lease_s": 60, **fault}).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._admin.get("/log", params={"after": 0}).text.splitlines()]

    def probes(self) -> list[dict[str, Any]]:
        return [request for request in self.requests() if request["probe"]]

    def reasons(self) -> list[str]:
        return [turn.reason for turn in self.store.history()][::-1]


@contextmanager
def _chaos(*words: str) -> Iterator[dict[str, str]]:
    with subprocess.Popen([sys.executable, "-m", "chaos.cli", *words], stdout=subprocess.PIPE) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _worker(argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def herd(redis_url) -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda fault, **policy: Herd(redis_url, stack, fault, policy)


def test_one_probe_a_lapse_and_nothing_else_reaches_a_dead_zep(herd):
    herd = herd({"kind": "status", "code": 401}, hold_s=0.7, lease_s=2.0)
    eventually(lambda: herd.reasons().count("probe_failed") >= 4, within_s=30)
    reasons, requests = herd.reasons(), herd.requests()
    assert reasons[0] == "auth"
    assert set(reasons[1:]) == {"probe_failed"}
    late = [r for r in requests if not r["probe"] and r["t"] - requests[0]["t"] > SETTLED_S]
    assert late == []
    ahead = len(herd.probes()) - herd.reasons().count("probe_failed")
    assert ahead in (-1, 0, 1)  # one may be under way, or its time was over before it left a busy machine
    apart = [b["t"] - a["t"] for a, b in zip(herd.probes(), herd.probes()[1:], strict=False)]
    assert min(apart) > 0.65


def test_a_killed_prober_costs_one_more_probe_and_a_success_brings_all_back(herd):
    herd = herd({"kind": "status", "code": 401}, hold_s=0.7, lease_s=2.0, probe_timeout_ms=1500)
    eventually(lambda: "auth" in herd.reasons(), within_s=30)
    herd.apply({"kind": "hang"})
    probed = len(herd.probes())
    token = eventually_token(herd)
    eventually(lambda: len(herd.probes()) == probed + 1)
    os.kill(int(token.split()[0]), signal.SIGKILL)
    herd.heal()
    eventually(lambda: herd.reasons()[-1] == "probe_success", within_s=10)
    assert len(herd.probes()) == probed + 2


def eventually_token(herd: Herd) -> str:
    tokens: list[str] = []
    eventually(lambda: tokens.append(herd.store.read().token) or tokens[-1], within_s=10)
    return tokens[-1]
