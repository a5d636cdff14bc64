"""One read in three fails, by chance."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Storm

DRILL = Storm(
    name="errors_30_percent",
    title="30 % of the reads fail",
    why="A half-broken Zep trips when three failures come in a row and not before: the log says when "
    "that was.",
    faults=(Status(code=503, route=CONTEXT_READ, percent=30),),
    watch_s=3.0,
    by_log=True,
    downgrades=2,
    memory_used=False,
    about_s=7.0,
)
