"""Starts the assistant in front of a local stack and describes it as a target, as a user's file would."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx

from chaos.stack import clock
from chaos.stack.keeper import Keeper
from chaos.stack.local import Endpoints
from chaos.stack.machine import Part
from chaos.stack.readiness import launch
from drills.target import Target

MARKER = "local-drill"
WORKERS = 2
GUNICORN = ("gunicorn", "-c", "python:drills.assistant.gunicorn_conf", "drills.assistant.wsgi")
ZEP_MODE = (sys.executable, "-m", "drills.assistant.manage", "zep_mode")
ANSWER_WITHIN_S = 1.0


def start(
    keeper: Keeper, endpoints: Endpoints, folder: Path, *, hold_s: float, token: str, api_key: str
) -> Target:
    """Start gunicorn through `keeper`; return once it answers its marker.  Raises `StackError`."""
    guard = _guard_environ(endpoints, hold_s)
    multiproc = folder / "metrics"
    multiproc.mkdir()
    environ = {
        **guard,
        "DJANGO_SETTINGS_MODULE": "drills.assistant.settings",
        "PROMETHEUS_MULTIPROC_DIR": str(multiproc),
        "ZEP_BASE_URL": endpoints.zep_url,
        "ZEP_API_KEY": api_key,
        "ASSISTANT_TOKEN": token,
        "GUARD_MARKER": MARKER,
        "ASSISTANT_WORKERS": str(WORKERS),
    }
    clocks = folder / "clocks"
    environ |= clock.environment(clocks)
    argv = [sys.executable, "-m", *GUNICORN]
    server = launch(keeper, "assistant", argv, folder, env=environ)
    listen = server.ready_line()["listen"]
    target = _target(f"http://{listen}/api", endpoints, hold_s, token, guard)
    server.until(lambda: _marker(target.marker_url))
    bound = {**environ, "ASSISTANT_BIND": listen}
    part = Part(
        server,
        again=lambda: launch(keeper, "assistant", argv, folder, env=bound),
        ready=lambda server: server.until(lambda: _marker(target.marker_url)),
        workers=WORKERS,
        clocks=clocks if clocks.exists() else None,
    )
    endpoints.machine.add(part)
    return target


def _guard_environ(endpoints: Endpoints, hold_s: float) -> dict[str, str]:
    """All that the operations command needs too; nothing secret, it may show in a process list."""
    return {
        "FLAG_ZEP_READ": "true",
        "FLAG_ZEP_WRITE": "true",
        "GUARD_REDIS_URL": endpoints.redis_url,
        "GUARD_HOLD_S": str(hold_s),
        "GUARD_WRITE_HOLD_S": str(hold_s),
        "GUARD_CACHE_S": "0",  # every turn must read Zep, or a drill would wait 30 s for the fault to be felt
    }


def _target(base: str, endpoints: Endpoints, hold_s: float, token: str, guard: dict[str, str]) -> Target:
    return Target(
        name="local",
        chat_url=f"{base}/chat/",
        metrics_urls=(f"{base}/metrics/",),
        token=token,
        marker_url=f"{base}/marker/",
        marker_value=MARKER,
        mode_command=("env", *(f"{name}={value}" for name, value in guard.items()), *ZEP_MODE),
        gateway_admin=endpoints.gateway_admin,
        toxiproxy_url=endpoints.toxiproxy_url,
        zep_proxy=endpoints.zep_proxy,
        redis_proxy=endpoints.redis_proxy,
        hold_s=hold_s,
    )


def _marker(url: str) -> str | None:
    """Return what the assistant says it is, None while it does not answer (its workers are starting)."""
    try:
        return httpx.get(url, timeout=ANSWER_WITHIN_S, trust_env=False).raise_for_status().text
    except httpx.HTTPError:
        return None
