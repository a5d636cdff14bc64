"""Zep knows the key and forbids."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="auth_403",
    title="Zep answers 403 to reads",
    why="An account that lost its plan answers 403: as final as 401, and just as easily taken for a "
    "client's mistake.",
    reason="auth",
    faults=(Status(code=403, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=403, route=CONTEXT_READ),),
)
