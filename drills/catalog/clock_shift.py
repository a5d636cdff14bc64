"""A clock is wrong."""

from __future__ import annotations

from chaos.faults import ClockShift, Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="clock_shift",
    title="401, and the wall clocks of all workers jump by an hour",
    why="Clocks jump when hosts wake up or NTP steps: a hold by the wall clock would end at once, or never.",
    variant="clocked",
    rate=20.0,
    degraded_s=1.0,
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ), ClockShift(process="clocked/workers", offset_s=3600)),
)
