"""Starts the assistant in front of a local stack and describes it as a target, as a user's file would."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from chaos.stack.keeper import Keeper
from chaos.stack.local import Endpoints, StackError
from drills.target import Target

READY_WITHIN_S = 15.0
POLL_S = 0.02
MARKER = "local-drill"


def start(
    keeper: Keeper,
    endpoints: Endpoints,
    folder: Path,
    *,
    hold_s: float,
    token: str,
    api_key: str,
    workers: int = 2,
) -> Target:
    """Start gunicorn with `workers` processes through `keeper`; return once it answers its marker."""
    multiproc = folder / "metrics"
    multiproc.mkdir()
    log = folder / "assistant.log"
    guard = _guard_environ(endpoints, hold_s)
    keeper.spawn(
        name="assistant",
        argv=[
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "python:drills.assistant.gunicorn_conf",
            "drills.assistant.wsgi",
        ],
        env={
            **guard,
            "DJANGO_SETTINGS_MODULE": "drills.assistant.settings",
            "PROMETHEUS_MULTIPROC_DIR": str(multiproc),
            "ZEP_BASE_URL": endpoints.zep_url,
            "ZEP_API_KEY": api_key,
            "ASSISTANT_TOKEN": token,
            "ASSISTANT_MARKER": MARKER,
            "ASSISTANT_WORKERS": str(workers),
        },
        log=log,
    )
    base = f"http://{_address(keeper, log)}/api"
    _await_marker(f"{base}/marker/", log)
    assignments = [f"{name}={value}" for name, value in guard.items()]
    return Target(
        name="local",
        chat_url=f"{base}/chat/",
        metrics_urls=(f"{base}/metrics/",),
        token=token,
        marker_url=f"{base}/marker/",
        marker_value=MARKER,
        mode_command=("env", *assignments, sys.executable, "-m", "drills.assistant.manage", "zep_mode"),
        gateway_admin=endpoints.gateway_admin,
        toxiproxy_url=endpoints.toxiproxy_url,
        zep_proxy=endpoints.zep_proxy,
        redis_proxy=endpoints.redis_proxy,
        hold_s=hold_s,
    )


def _guard_environ(endpoints: Endpoints, hold_s: float) -> dict[str, str]:
    """All that the operations command needs too; nothing secret, it may show in a process list."""
    return {
        "FLAG_ZEP_READ": "true",
        "FLAG_ZEP_WRITE": "true",
        "GUARD_REDIS_URL": endpoints.redis_url,
        "GUARD_HOLD_S": str(hold_s),
    }


def _address(keeper: Keeper, log: Path) -> str:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and keeper.poll("assistant") is None:
        for line in log.read_text().splitlines():
            if line.startswith('{"ready"'):
                ready: Mapping[str, str] = json.loads(line)
                return ready["listen"]
        time.sleep(POLL_S)
    raise StackError(f"the assistant did not start: {_tail(log)}")


def _await_marker(url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=1.0, trust_env=False).text == MARKER:
                return
        except httpx.TransportError:
            time.sleep(POLL_S)
    raise StackError(f"the assistant does not answer: {_tail(log)}")


def _tail(log: Path) -> str:
    lines = log.read_text().strip().splitlines()
    return lines[-1] if lines else "its log is empty"
