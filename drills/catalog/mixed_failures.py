"""Three failures of three kinds."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="mixed_failures",
    title="Reads meet 408, 500 and 504, one of each",
    why="A guard that counts each kind apart, or forgets that 408 is a timeout, never sees the third "
    "failure.",
    reason="consecutive_failures",
    faults=tuple(Status(code=code, route=CONTEXT_READ, first=1) for code in (408, 500, 504)),
    deepen=(Status(code=500, route=CONTEXT_READ),),
    needs_failures=3,
)
