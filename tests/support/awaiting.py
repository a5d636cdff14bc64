"""Wait for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_S = 0.002


def eventually(condition: Callable[[], object], within_s: float = 3.0) -> float:
    """Return how long it took; fail when it never came true."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not true within {within_s} s")
        time.sleep(POLL_S)
    return time.monotonic() - began
