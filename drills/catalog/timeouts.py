"""Zep takes requests and never answers."""

from __future__ import annotations

from chaos.faults import Toxic
from drills.scenario import ZEP, Outage

DRILL = Outage(
    name="timeouts",
    title="Zep's answers are held back, reads and writes alike",
    why="A silent backend ties up workers; three timeouts must end the waiting, and chat must stay fast.",
    reason="consecutive_failures",
    faults=(Toxic(proxy=ZEP, type="timeout", attributes={"timeout": 0}),),
    needs_failures=3,
    writes_stored=False,
)
