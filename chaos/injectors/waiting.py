"""Waiting for a condition, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable

from chaos.injectors import InjectorError

LOOK_EVERY_S = 0.005


def until(what: str, holds: Callable[[], bool], within_s: float) -> None:
    """Return when `holds` does; raises `InjectorError` after `within_s` seconds."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise InjectorError(f"not true within {within_s:g} s: {what}")
        time.sleep(LOOK_EVERY_S)
