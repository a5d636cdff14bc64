"""Starts the assistant in front of a local stack and describes it as a target, as a user's file would."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

import reports
from chaos.stack import clock
from chaos.stack.alerting import Alerting, Production
from chaos.stack.keeper import Keeper
from chaos.stack.local import Endpoints
from chaos.stack.machine import Part
from chaos.stack.readiness import Server, launch
from drills.target import Target
from drills.variants import PAGED, environment

MARKER = "local-drill"
WORKERS = 2
NAME = "assistant"
LEASE_S = 2.0
"""Of a prober: beyond its deadlines of 1.15 s together; short, so that a drill need not wait 10 s."""
GUNICORN = ("gunicorn", "-c", "python:drills.assistant.gunicorn_conf", "drills.assistant.wsgi")
ZEP_MODE = (sys.executable, "-m", "drills.assistant.manage", "zep_mode")
ANSWER_WITHIN_S = 1.0
DASHBOARDS = Path(reports.__file__).with_name("dashboards")
PRODUCTION = Production(rules=DASHBOARDS / "rules.yml", alertmanager=DASHBOARDS / "alertmanager.yml")
"""What is drilled where a drill pages."""


@dataclass(slots=True)
class Assistant:
    """The application, started through `keeper`; every method raises `StackError`."""

    keeper: Keeper
    endpoints: Endpoints
    folder: Path
    hold_s: float
    token: str = field(repr=False)
    api_key: str = field(repr=False)
    more: Mapping[str, str] = field(default_factory=dict)
    """For its environment, and for that of its operations command."""
    production: Production = PRODUCTION
    _alerting: Alerting | None = None
    _names: list[str] = field(default_factory=list)
    _variants: dict[str, Target] = field(default_factory=dict)

    def start(self) -> Target:
        """The one that drills break: no context cache, or a drill would wait 30 s for a fault to be felt."""
        return self._start(NAME, {"GUARD_CACHE_S": "0"}, WORKERS)

    def variant(self, name: str) -> Target:
        """One more, started when first asked for, of a fleet of its own: see `Drill.variant`."""
        if name not in self._variants:
            self._variants[name] = self._start_variant(name)
        return self._variants[name]

    def _start_variant(self, name: str) -> Target:
        if name == "clocked":
            environ = {"GUARD_CACHE_S": "0", **clock.environment(self.folder / "clocks")}
            target = self._start(name, {"GUARD_PREFIX": "{clocked}:", **environ}, WORKERS)
        else:
            target = self._start(name, environment(name), 1)
        if name == PAGED:
            target = self._watched(target)
        return replace(target, features=(name,))

    def _watched(self, target: Target) -> Target:
        """Only for drills that ask for it: a Prometheus takes some seconds to start, and CPU."""
        self._alerting = Alerting(
            keeper=self.keeper, folder=self.folder / "alerting", production=self.production
        )
        metrics_urls = (*target.metrics_urls, f"{self.endpoints.gateway_admin}/metrics")
        return replace(target, pager_log_url=self._alerting.start(metrics_urls, self.token))

    def stop(self) -> None:
        """End what was started, newest first."""
        if self._alerting:
            self._alerting.stop()
        while self._names:
            self.keeper.stop(self._names.pop())

    def _start(self, name: str, more: dict[str, str], workers: int) -> Target:
        guard = {**_guard_environ(self.endpoints, self.hold_s), **more, **self.more}
        multiproc = self.folder / f"{name}-metrics"
        multiproc.mkdir()
        environ = {**guard, **self._environ(multiproc, workers)}
        argv = [sys.executable, "-m", *GUNICORN]
        self._names.append(name)
        server = launch(self.keeper, name, argv, self.folder, env=environ)
        listen = server.ready_line()["listen"]
        target = self._target(f"http://{listen}/api", guard, server)
        server.until(lambda: marker(target.marker_url))
        bound = {**environ, "ASSISTANT_BIND": listen}
        part = Part(
            server,
            again=lambda: launch(self.keeper, name, argv, self.folder, env=bound),
            ready=lambda server: server.until(lambda: marker(target.marker_url)),
            workers=workers,
            clocks=clock.folder_of(environ),
        )
        self.endpoints.machine.add(part)
        return target

    def _environ(self, multiproc: Path, workers: int) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "drills.assistant.settings",
            "PROMETHEUS_MULTIPROC_DIR": str(multiproc),
            "ZEP_BASE_URL": self.endpoints.zep_url + os.environ.get("ZEP_API_PATH", ""),
            "ZEP_API_KEY": self.api_key,
            "ASSISTANT_TOKEN": self.token,
            "GUARD_MARKER": MARKER,
            "ASSISTANT_WORKERS": str(workers),
        }

    def _target(self, base: str, guard: dict[str, str], server: Server) -> Target:
        return Target(
            name="local",
            chat_url=f"{base}/chat/",
            metrics_urls=(f"{base}/metrics/",),
            token=self.token,
            marker_url=f"{base}/marker/",
            marker_value=MARKER,
            mode_command=("env", *(f"{name}={value}" for name, value in guard.items()), *ZEP_MODE),
            gateway_admin=self.endpoints.gateway_admin,
            toxiproxy_url=self.endpoints.toxiproxy_url,
            zep_proxy=self.endpoints.zep_proxy,
            redis_proxy=self.endpoints.redis_proxy,
            hold_s=self.hold_s,
            lease_s=LEASE_S,
            stored_url=f"{self.endpoints.zep_direct_url}/_double/messages",
            logs=(server.log,),
        )


def _guard_environ(endpoints: Endpoints, hold_s: float) -> dict[str, str]:
    """All that the operations command needs too; nothing secret, it may show in a process list."""
    return {
        "FLAG_ZEP_READ": "true",
        "FLAG_ZEP_WRITE": "true",
        "GUARD_REDIS_URL": endpoints.redis_url,
        "GUARD_HOLD_S": str(hold_s),
        "GUARD_WRITE_HOLD_S": str(hold_s),
        "GUARD_LEASE_S": str(LEASE_S),
    }


def marker(url: str) -> str | None:
    """Return what the assistant says it is, None while it does not answer (its workers are starting)."""
    try:
        return httpx.get(url, timeout=ANSWER_WITHIN_S, trust_env=False).raise_for_status().text
    except httpx.HTTPError:
        return None
