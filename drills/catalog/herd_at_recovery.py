"""Everybody waits for the hold to end."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="herd_at_recovery",
    title="401 at more than twice the load",
    why="When a hold lapses, every waiting worker wants to try: exactly one question may reach a Zep "
    "that just got up.",
    reason="auth",
    rate=120.0,
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ),),
)
