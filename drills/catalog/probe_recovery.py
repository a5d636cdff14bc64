"""Zep is well again before anybody asks."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="probe_recovery",
    title="Exactly three failures, then a sound Zep",
    why="Most outages are over before the hold is: one probe must find out, and reads must come back by "
    "themselves.",
    reason="consecutive_failures",
    faults=(Status(code=503, route=CONTEXT_READ, first=3),),
    needs_failures=3,
)
