"""Every number of an outage."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="metrics_validation",
    title="Three 500s, and what the metrics say of them",
    why="Alerts are as good as the counters below them: an outage must move each by what really happened.",
    reason="consecutive_failures",
    faults=(Status(code=500, route=CONTEXT_READ, first=3),),
    needs_failures=3,
)
