"""Zep rejects the key, and somebody is told."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage, Pages

DRILL = Outage(
    name="alert_auth",
    title="Zep answers 401 to reads: a critical page, which ends by itself",
    why="A key that is rejected needs a person: production's own rules and routing must reach one, and say "
    "when it is over.",
    variant="paged",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ),),
    pages=Pages(alert="MemoryDowngraded"),
    about_s=12.0,
)
