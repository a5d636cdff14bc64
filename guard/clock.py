"""The real clock and the real dice; everything else is handed one."""

from __future__ import annotations

import time
import uuid


class SystemClock:
    """Implements `ports.Clock` with this machine's clocks."""

    monotonic = staticmethod(time.monotonic)
    """Seconds that never jump: for durations and deadlines."""
    wall = staticmethod(time.time)
    """Seconds since 1970: for showing to people only."""
    sleep = staticmethod(time.sleep)


def new_token() -> str:
    """Return a name no other probe has."""
    return uuid.uuid4().hex
