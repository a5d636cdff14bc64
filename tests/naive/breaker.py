"""A breaker as one is written in an afternoon.  What is wrong with it is what the drills must find."""

from __future__ import annotations

import time

THRESHOLD = 5
"""Failures, whenever they were: a success in between does not reset the count."""


class Breaker:
    """One in each process, and no process tells the other; `hold_s` after it opened it is simply closed."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._failures = 0
        self._open_until = 0.0
        self._reason = ""

    def reason(self) -> str | None:
        """Why nothing may be read now; None when it may."""
        return self._reason if time.monotonic() < self._open_until else None

    def refused(self, status: int) -> bool:
        """Take note of a bad answer; returns whether that opened it.  Nobody thought of 403."""
        if status == 401:
            return self._open("auth")
        return status >= 500 and self.failed()

    def failed(self) -> bool:
        """Take note of no answer."""
        self._failures += 1
        return self._failures >= THRESHOLD and self._open("consecutive_failures")

    def _open(self, reason: str) -> bool:
        news = self.reason() is None
        self._failures, self._reason = 0, reason
        self._open_until = time.monotonic() + self._hold_s
        return news
