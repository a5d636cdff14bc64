"""Which hosts may be broken: this one, and where a list is given only those on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_address
from urllib.parse import urlsplit

ALLOW = "ZEP_CHAOS_ALLOW"
"""Hosts with commas between them, `*` allowed: ``staging.example,*.stage.internal``.  Unset: any host."""


class NotAllowedError(ValueError):
    """A host that is not on the list; one line."""


def check(url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raise `NotAllowedError` unless the host of `url` may be touched; loopback always may."""
    host = (urlsplit(url).hostname or "").lower()
    patterns = [pattern.strip().lower() for pattern in environ.get(ALLOW, "").split(",") if pattern.strip()]
    listed = not patterns or any(fnmatchcase(host, pattern) for pattern in patterns)
    if host and not listed and not on_loopback(host):
        raise NotAllowedError(f"{host} is not on the list of hosts that may be broken: add it to {ALLOW}")


def on_loopback(host: str) -> bool:
    """Tell whether a host is this machine, reached by nobody else."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
