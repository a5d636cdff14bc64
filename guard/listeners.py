"""What an application may react to: tell the model that memory is away, page somebody, log in its own way.

A listener hears of its process's view of the fleet, whoever caused it, in order, in a thread of the guard's.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from guard.forks import in_child
from guard.machine import State
from guard.modes import Mode

log = logging.getLogger("guard")


@dataclass(frozen=True, slots=True)
class ReadsHeld:
    """No context can be had; `left_s` until a probe may ask Zep. Told again when a probe fails."""

    reason: str
    by: str
    mode: Mode
    left_s: float


@dataclass(frozen=True, slots=True)
class ReadsRecovering:
    """A probe succeeded; this share of reads goes out (Policy.ramp_percent)."""

    share_percent: int


@dataclass(frozen=True, slots=True)
class ReadsBack:
    """All reads go out again."""


@dataclass(frozen=True, slots=True)
class StoreLost:
    """Redis does not answer this process, which now protects itself alone."""


@dataclass(frozen=True, slots=True)
class StoreBack:
    """Redis answers again."""


Occurrence = ReadsHeld | ReadsRecovering | ReadsBack | StoreLost | StoreBack
Listener = Callable[[Occurrence], None]
Spawn = Callable[[Callable[[], None]], None]


class Listeners:
    """Compares what is with what was told last; called at every tick of the watch, never by a read."""

    def __init__(self, listeners: Sequence[Listener], spawn: Spawn) -> None:
        self._listeners = tuple(listeners)
        self._spawn = spawn
        self._told, self._told_up = (0, 0, False), True
        self._waiting: deque[Occurrence] = deque()
        self._renew()
        in_child(self._renew)

    def notice(self, state: State, now: float, *, up: bool) -> None:
        """Tell what is new, beside the caller."""
        if not self._listeners:
            return
        with self._lock:
            self._waiting.extend(self._news(state, now, up=up))
        if self._waiting:
            self._spawn(self._deliver)

    def _news(self, state: State, now: float, *, up: bool) -> list[Occurrence]:
        news: list[Occurrence] = []
        if up != self._told_up:
            self._told_up = up
            news.append(StoreBack() if up else StoreLost())
        seen = (state.epoch, state.share_percent, state.mode is not None)
        if seen != self._told and (seen[2] or self._told[2]):
            news.append(_occurrence(state, now))
        self._told = seen
        return news

    def _deliver(self) -> None:
        while self._waiting and self._busy.acquire(blocking=False):  # one at a time: order is kept
            try:
                while self._waiting:
                    self._tell(self._waiting.popleft())
            finally:
                self._busy.release()

    def _tell(self, occurrence: Occurrence) -> None:
        for listener in self._listeners:
            try:
                listener(occurrence)
            except Exception:  # what an application does with the news must not hurt the guard
                log.exception("a listener stumbled")

    def _renew(self) -> None:
        """Also in a forked child: what the parent was telling is the parent's to tell."""
        self._lock, self._busy = Lock(), Lock()
        self._waiting.clear()


def _occurrence(state: State, now: float) -> Occurrence:
    if state.mode is None:
        return ReadsBack()
    if state.share_percent:
        return ReadsRecovering(state.share_percent)
    return ReadsHeld(state.reason, state.by, state.mode, max(0.0, state.until - now))
