"""Zep takes no writes for a while, or takes them and does not say so, and none is lost."""

from __future__ import annotations

from chaos.faults import Status, Truncate
from drills.scenario import MESSAGE_WRITE, Storm

DRILL = Storm(
    name="outbox",
    title="Writes meet cut answers, then 503, and an outbox keeps them",
    why="What users say during an outage is what they will ask about after it: it must reach Zep later, once "
    "and in order.",
    variant="outbox",
    faults=(Truncate(route=MESSAGE_WRITE, for_s=0.5), Status(code=503, route=MESSAGE_WRITE)),
    watch_s=2.0,
    rate=20.0,
    writes_fail=True,
    emptied_s=10.0,
    hits=5,
    about_s=10.0,
)
