"""The write path's own breaker, one a process: when Zep takes no writes, stop waiting for it for a while."""

from __future__ import annotations

from threading import Lock

from guard.policy import Policy


class WriteBreaker:
    """Opens after `write_trip_after` failed writes in a row; after `write_hold_s` one write may try.

    `now` is monotonic seconds.  A lock is fine here: a write costs milliseconds.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._failures = 0
        self._open_until: float | None = None
        self._rest_until = 0.0
        self._lock = Lock()

    def why_not(self, now: float) -> str:
        """Return why no write may go out, empty when one may; after a hold the first caller is the trial."""
        with self._lock:
            if now < self._rest_until:
                return "rate_limited"
            if self._open_until is None:
                return ""
            if now < self._open_until:
                return "breaker_open"
            self._open_until = now + self._policy.write_hold_s
            return ""

    def blocks(self, now: float) -> bool:
        """Tell whether `why_not` would give a reason, without becoming the trial."""
        with self._lock:
            return now < max(self._rest_until, self._open_until or 0.0)

    def rest(self, until: float) -> None:
        """Zep asked for patience (429): let it be until then; no failure."""
        with self._lock:
            self._rest_until = max(self._rest_until, until)

    def succeeded(self) -> bool:
        """Note a write that Zep took; True when that closed the breaker."""
        with self._lock:
            was_open, self._open_until, self._failures = self._open_until is not None, None, 0
            return was_open

    def failed(self, now: float) -> bool:
        """Note a write that failed; True when that opened the breaker."""
        with self._lock:
            self._failures += 1
            opens = self._open_until is None and self._failures >= self._policy.write_trip_after
            if opens or self._open_until is not None:
                self._open_until = now + self._policy.write_hold_s
            return opens

    def state(self, now: float) -> str:
        """Return closed, open or half_open, as status shows it."""
        with self._lock:
            if self._open_until is None:
                return "closed"
            return "open" if now < self._open_until else "half_open"
