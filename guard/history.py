"""What history keeps of the fleet's transitions, for people."""

from __future__ import annotations

from dataclasses import dataclass

from guard.machine import AUTO, Clear, Event, State, Verb
from guard.modes import Mode


@dataclass(frozen=True, slots=True)
class Turn:
    """A transition as history keeps it; `at` is seconds since 1970, a mode is None when closed."""

    at: float
    before: Mode | None
    after: Mode | None
    reason: str
    by: str


TURNS = (Verb.TRIPPED, Verb.HELD_AGAIN, Verb.RESTORED, Verb.FORCED, Verb.CLEARED)
"""What history keeps; counting and leasing are no transitions."""
KEPT = 50
"""Transitions kept: the seed's incidents fit on one screen (our choice)."""


def turn(before: State, after: State, event: Event, verb: Verb, at: float) -> Turn:
    """Describe a transition for history."""
    if verb is Verb.RESTORED:
        return Turn(at, before.mode, None, "probe_success", AUTO)
    if isinstance(event, Clear):
        return Turn(at, before.mode, None, "cleared", event.by)
    return Turn(at, before.mode, after.mode, after.reason, after.by)
