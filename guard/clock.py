"""The real clock and the real dice; everything else is handed them."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass


class SystemClock:
    """Implements `ports.Clock` with this machine's clocks."""

    monotonic = staticmethod(time.monotonic)
    """Seconds that never jump: for durations and deadlines."""
    wall = staticmethod(time.time)
    """Seconds since 1970: for showing to people only."""

    def sleep(self, seconds: float) -> None:
        """Let time pass; looked up when called, for gevent may replace it."""
        time.sleep(seconds)


def _token() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Dice:
    """Where chance comes in: `new_token` names probes and writes, `jitter` (0 to 1) spreads timings."""

    new_token: Callable[[], str] = _token
    jitter: Callable[[], float] = random.random
