"""Zep reads well and stores nothing."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import MESSAGE_WRITE, Storm

DRILL = Storm(
    name="write_failure",
    title="Writes meet 503, reads are well",
    why="Reads and writes fail apart: users keep their memory, and writes must back off and come back by "
    "themselves.",
    faults=(Status(code=503, route=MESSAGE_WRITE),),
    watch_s=2.0,
    writes_fail=True,
    about_s=7.0,
)
