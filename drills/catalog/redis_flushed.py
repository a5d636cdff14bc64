"""Somebody empties Redis in the middle of an outage."""

from __future__ import annotations

from chaos.faults import Flushed, Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="redis_flushed",
    title="401, and Redis loses every key while reads are held",
    why="A flushed Redis has forgotten the outage: if that re-opened reads, all workers would hit Zep at "
    "once.",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ), Flushed()),
)
