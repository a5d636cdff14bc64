"""Zep is too slow."""

from __future__ import annotations

from chaos.faults import Latency
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="latency_over",
    title="Reads take 350 ms, more than their deadline of 250 ms",
    why="A slow Zep is worse than a dead one: every turn waits the whole deadline for nothing.",
    reason="consecutive_failures",
    faults=(Latency(delay_ms=350, route=CONTEXT_READ),),
    needs_failures=3,
)
