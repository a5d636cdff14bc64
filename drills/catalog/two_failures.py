"""Two failures, and all is well again."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Storm

DRILL = Storm(
    name="two_failures",
    title="Exactly two reads fail",
    why="Two are noise, three are an outage: a hair trigger costs five minutes of memory for a hiccup.",
    faults=(Status(code=503, route=CONTEXT_READ, first=2),),
    watch_s=2.5,
    hits=2,
)
