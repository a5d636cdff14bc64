"""Which Zep is behind the gateway of docker-compose.yml: the double, or what a profile puts there."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path

from drills.target import Target, TargetError

UPSTREAM = "ZEP_UPSTREAM"
PER_MINUTE = "ZEP_PER_MINUTE"
KEY = "ZEP_API_KEY"
DOUBLE = "http://zep:8000"


PROFILE = "COMPOSE_PROFILES"
PROFILES = Path("chaos", "stack", "compose")
"""Beside docker-compose.yml: an env file for each profile but `zep`, the double."""


def choose(compose_file: Path, environ: MutableMapping[str, str] = os.environ) -> None:
    """Add to `environ` what the profile that it names sets.  Raises `TargetError`."""
    profile = environ.get(PROFILE) or "zep"
    if profile == "zep":
        return
    folder = compose_file.parent / PROFILES
    known = sorted(file.stem for file in folder.glob("*.env"))
    if profile not in known:
        raise TargetError(f"${PROFILE}={profile} is none of {', '.join(('zep', *known))}")
    lines = (folder / f"{profile}.env").read_text(encoding="utf-8").splitlines()
    for name, _, value in (line.partition("=") for line in lines if line and not line.startswith("#")):
        environ.setdefault(name, value)


def foreign(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether another Zep than the double answers."""
    return environ.get(UPSTREAM, DOUBLE) != DOUBLE


def adapted(target: Target, environ: Mapping[str, str] = os.environ) -> Target:
    """Return a target that promises nothing which another Zep than the double cannot keep.

    `ZEP_PER_MINUTE` is what the account allows.  Raises `TargetError`.
    """
    if not foreign(environ):
        return target
    if not environ.get(KEY):
        raise TargetError(f"{environ[UPSTREAM]} needs a key: put that of an account for tests into ${KEY}")
    try:
        allowed = float(environ.get(PER_MINUTE) or target.zep_per_minute)
    except ValueError:
        raise TargetError(f"${PER_MINUTE} is a number of requests, such as 5") from None
    return replace(target, stored_url="", zep_per_minute=allowed)
