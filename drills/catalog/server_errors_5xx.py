"""Zep fails in several ways at once, and is still broken when the first probe comes."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="server_errors_5xx",
    title="Reads meet 500, 502, 503; so does the first probe",
    why="Different 5xx are one outage: the third must trip, and a failed probe must hold again, not flap.",
    reason="consecutive_failures",
    faults=(
        Status(code=500, route=CONTEXT_READ, first=1),
        Status(code=502, route=CONTEXT_READ, first=1),
        Status(code=503, route=CONTEXT_READ),
    ),
    needs_failures=3,
    hold_again=True,
    about_s=9.0,
)
