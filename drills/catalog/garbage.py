"""A proxy in front of Zep answers for it."""

from __future__ import annotations

from chaos.faults import Garbage
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="garbage",
    title="Reads get 200 with HTML, broken JSON and nothing",
    why="A captive portal or a load balancer's page is a 200 without memory: users would silently lose "
    "theirs.",
    reason="consecutive_failures",
    faults=tuple(Garbage(variant=v, route=CONTEXT_READ, first=1) for v in ("html", "invalid_json", "empty")),
    deepen=(Garbage(variant="html", route=CONTEXT_READ),),
    needs_failures=3,
)
