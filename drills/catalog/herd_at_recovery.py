"""Everybody waits for the hold to end."""

from __future__ import annotations

from chaos.faults import Latency, Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="herd_at_recovery",
    title="401 at more than twice the load, and a first probe that is answered slowly",
    why="When a hold lapses, every waiting worker wants to try: exactly one question may reach a Zep "
    "that is getting up, however long it takes to answer.",
    reason="auth",
    rate=120.0,
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Latency(delay_ms=100, route=CONTEXT_READ), Status(code=401, route=CONTEXT_READ)),
    hold_again=True,
    about_s=9.0,
)
