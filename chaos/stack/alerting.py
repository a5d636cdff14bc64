"""A real Prometheus and Alertmanager at drill speed, and a pager that wakes nobody; on loopback.

application <- Prometheus (rules) -> Alertmanager (routes) -> pager
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, build_opener

import yaml

from chaos.stack import drill_speed
from chaos.stack.keeper import Keeper
from chaos.stack.readiness import DiedError, Server, StackError, free_port, launch

PACKAGES = {"prometheus": "prometheus", "alertmanager": "prometheus-alertmanager"}
"""Debian's packages, by what they are; Alertmanager's binary is called as its package or as upstream's."""
PAGER = (sys.executable, "-m", "chaos.cli", "pager")
EVERY = "200ms"
"""Prometheus scrapes and evaluates so often."""
RESEND = "1s"
"""An alert that goes on is told again so often; Alertmanager drops one that it has not heard of for 4 s."""
TRIES = 5
ANSWER_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """The files that are drilled."""

    rules: Path
    alertmanager: Path


@dataclass(slots=True, kw_only=True)
class Alerting:
    """Three processes of `keeper`, ended with it; `start` raises `StackError`."""

    keeper: Keeper
    folder: Path
    production: Production
    _names: list[str] = field(default_factory=list)

    def start(self, metrics_urls: Sequence[str], token: str) -> str:
        """Watch an application; returns where the pager's log is once Prometheus has seen it."""
        self.folder.mkdir()
        pager = self._launch("pager", [*PAGER, "--listen", "127.0.0.1:0"])
        pager_url = f"http://{pager.ready_line()['listen']}"
        alertmanager = self._alertmanager(f"{pager_url}/v2/enqueue")
        prometheus, server = self._prometheus(alertmanager, metrics_urls, token)
        server.until(lambda: _sees_all(prometheus, len(metrics_urls)))
        return f"{pager_url}/log"

    def stop(self) -> None:
        """End them, newest first."""
        while self._names:
            self.keeper.stop(self._names.pop())

    def _alertmanager(self, pager_url: str) -> str:
        key = self._write("pager-key", secrets.token_hex(16))
        routes = drill_speed.alertmanager(
            _read(self.production.alertmanager), pager_url=pager_url, key_file=str(key)
        )
        config = self._write("alertmanager.json", json.dumps(routes))
        argv = [binary("alertmanager"), f"--config.file={config}", "--cluster.listen-address="]
        storage = f"--storage.path={self.folder / 'alertmanager'}"
        return self._listening("alertmanager", [*argv, storage])[0]

    def _prometheus(self, alertmanager: str, metrics_urls: Sequence[str], token: str) -> tuple[str, Server]:
        rules = self._write("rules.json", json.dumps(drill_speed.rules(_read(self.production.rules))))
        key = self._write("application-token", token)
        config = self._write("prometheus.json", json.dumps(_scraping(metrics_urls, key, rules, alertmanager)))
        argv = [binary("prometheus"), f"--config.file={config}", f"--rules.alert.resend-delay={RESEND}"]
        return self._listening(
            "prometheus", [*argv, f"--storage.tsdb.path={self.folder / 'prometheus'}", "--log.level=warn"]
        )

    def _listening(self, name: str, argv: list[str]) -> tuple[str, Server]:
        """Start it on a free port, once more when that was lost; returns ``host:port`` too."""
        for _ in range(TRIES):
            at = f"127.0.0.1:{free_port()}"
            server = self._launch(name, [*argv, f"--web.listen-address={at}"])
            try:
                server.until(lambda at=at: _answer(f"http://{at}/-/ready"))  # type: ignore[misc]
            except DiedError:
                if "address already in use" not in server.log.read_text(errors="replace"):
                    raise
                self._names.remove(name)
            else:
                return at, server
        raise StackError(f"{name} found no port")

    def _launch(self, name: str, argv: list[str]) -> Server:
        self._names.append(name)
        return launch(self.keeper, name, argv, self.folder)

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)  # some of it is secret
        path.write_text(text)
        return path


def missing() -> list[str]:
    """Return the Debian packages that are not installed."""
    return [package for name, package in PACKAGES.items() if not _found(name)]


def binary(name: str) -> str:
    """Raises `StackError` when it is not installed."""
    found = _found(name)
    if not found:
        raise StackError(f"no {name} here: apt-get install {PACKAGES[name]}")
    return found


def _found(name: str) -> str | None:
    return shutil.which(PACKAGES[name]) or shutil.which(name)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise StackError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    return found


def _scraping(metrics_urls: Sequence[str], key: Path, rules: Path, alertmanager: str) -> dict[str, Any]:
    jobs = [
        {
            "job_name": f"application-{number}",
            "scheme": address.scheme,
            "metrics_path": address.path,
            "static_configs": [{"targets": [address.netloc]}],
            "authorization": {"credentials_file": str(key)},
        }
        for number, address in enumerate(map(urlsplit, metrics_urls))
    ]
    return {
        "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY},
        "rule_files": [str(rules)],
        "scrape_configs": jobs,
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
    }


def _sees_all(prometheus: str, targets: int) -> bool | None:
    """Whether every target was scraped, and the Alertmanager is known."""
    up = _result(prometheus, "/api/v1/query?" + urlencode({"query": "sum(up)"}), "result")
    known = _result(prometheus, "/api/v1/alertmanagers", "activeAlertmanagers")
    return (bool(up) and float(up[0]["value"][1]) == targets and bool(known)) or None


def _result(prometheus: str, path: str, name: str) -> list[Any]:
    answer = _answer(f"http://{prometheus}{path}")
    return list(json.loads(answer)["data"][name]) if answer else []


def _answer(url: str) -> bytes | None:
    """Return what an address answers with 200, None for anything else."""
    with contextlib.suppress(OSError):  # URLError and HTTPError are such
        opener = build_opener(ProxyHandler({}))  # loopback: no proxy of the environment
        with opener.open(url, timeout=ANSWER_S) as answer:
            body: bytes = answer.read()
            return body
    return None
