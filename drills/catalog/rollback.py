"""The rollback procedure."""

from __future__ import annotations

from drills.scenario import Forced, Outage

DRILL = Outage(
    name="rollback",
    title="zep_mode --force rollback --ttl 600, then --clear",
    why="The first line of every incident: reads must stop on every worker at once, without a deploy.",
    reason="rollback",
    hold_s=0.0,
    faults=(Forced(reason="rollback", ttl_s=600),),
    about_s=5.0,
)
