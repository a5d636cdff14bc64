"""How often a drill makes the application ask Zep: some accounts may ask 5 times a minute."""

from __future__ import annotations

from drills.scenario import Dialogue, Drill, Say

REQUESTS_A_TURN = 2
"""A read and a write; the first turn of a user asks for a little more."""
MINUTE_S = 60.0


def zep_per_minute(drill: Drill, rate: float) -> float:
    """Return the requests of one minute, at `rate` turns a second where there is load."""
    if isinstance(drill, Dialogue):
        return float(REQUESTS_A_TURN * sum(isinstance(step, Say) for step in drill.script))
    return REQUESTS_A_TURN * rate * MINUTE_S
