"""Zep rejects the key."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="auth_401",
    title="Zep answers 401 to reads",
    why="A revoked or rotated key never heals by retrying: the first bad read must stop all reads.",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ),),
)
