"""An operator looks, forces, looks and clears."""

from __future__ import annotations

from drills.scenario import Forced, Outage

DRILL = Outage(
    name="mode_status",
    title="zep_mode --force manual, --status, --clear",
    why="At 3 a.m. the status must be true on every worker: what it says decides what is done next.",
    reason="manual",
    hold_s=0.0,
    faults=(Forced(reason="manual", ttl_s=60),),
    about_s=5.0,
)
