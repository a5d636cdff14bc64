"""Zep answers, one byte at a time."""

from __future__ import annotations

from chaos.faults import Drip
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="slow_drip",
    title="Reads are dripped, a byte every 100 ms",
    why="No single socket operation times out on a drip: only a deadline for the whole call ends it.",
    reason="consecutive_failures",
    faults=(Drip(every_ms=100, route=CONTEXT_READ),),
    needs_failures=3,
)
