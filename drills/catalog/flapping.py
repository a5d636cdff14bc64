"""Zep comes and goes."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Storm

DRILL = Storm(
    name="flapping",
    title="Reads fail for 0.4 s of every 0.8 s, eight times over",
    why="A breaker without a hold follows every flap: users lose and regain memory all the time, and "
    "pagers ring.",
    faults=tuple(Status(code=503, route=CONTEXT_READ, after_s=0.8 * n, for_s=0.4) for n in range(8)),
    watch_s=6.4,
    downgrades=4,
    hits=3,
    memory_used=False,
    about_s=11.0,
)
