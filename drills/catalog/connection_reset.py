"""Connections die in the middle of a read."""

from __future__ import annotations

from chaos.faults import Reset
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="connection_reset",
    title="Reads are reset, on open connections too",
    why="A restarting load balancer resets what is pooled: a network error is a failure of Zep like any 5xx.",
    reason="consecutive_failures",
    faults=(Reset(route=CONTEXT_READ),),
    needs_failures=3,
)
