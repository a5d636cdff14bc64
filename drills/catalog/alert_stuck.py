"""A downgrade that does not end."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage, Pages

DRILL = Outage(
    name="alert_stuck",
    title="Zep answers 503 for long: stuck in write_only pages",
    why="A guard that waits must not do so unseen: after 15 minutes (here 5 s) somebody is told.",
    variant="paged",
    reason="consecutive_failures",
    needs_failures=3,
    faults=(Status(code=503, route=CONTEXT_READ),),
    hold_again=True,
    pages=Pages(alert="MemoryStuckInWriteOnly", within_s=12.0),
    about_s=12.0,
)
