"""The emergency switch."""

from __future__ import annotations

from drills.scenario import Forced, Outage

DRILL = Outage(
    name="emergency_off",
    title="zep_mode --force manual --mode off, then --clear",
    why="When Zep must not hear from us at all, one command must stop reads and writes, and chat must go on.",
    reason="manual",
    mode="off",
    hold_s=0.0,
    faults=(Forced(reason="manual", mode="off", ttl_s=60),),
    writes_stored=False,
    degraded_s=1.2,
    about_s=5.0,
)
