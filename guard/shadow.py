"""GUARD_AUTO_DOWNGRADE=shadow: decide, log and count what a downgrade would have been, and change nothing."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from threading import Lock

from guard.machine import Failed, State, Succeeded, Verb, step
from guard.policy import Policy


class AutoDowngrade(StrEnum):
    """What failures may do; operators may force in any case."""

    ON = "on"
    SHADOW = "shadow"
    OFF = "off"


class Shadow:
    """This process's own breaker beside the fleet's: it trips, says so, and closes again at once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._state = State()
        self._lock = Lock()

    @property
    def counting(self) -> bool:
        """Whether failures are being counted, so that a success matters."""
        return bool(self._state.failed_at)

    def decide(self, outcome: Failed | Succeeded, now: float) -> str | None:
        """Return the reason of the downgrade that would have been, None when there is none."""
        with self._lock:
            event = replace(outcome, epoch=self._state.epoch)
            self._state, verb = step(self._state, event, self._policy, now)
            if verb is not Verb.TRIPPED:
                return None
            reason, self._state = self._state.reason, State()
            return reason
