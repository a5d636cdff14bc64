"""Zep is slow, but never too slow."""

from __future__ import annotations

from chaos.faults import Latency
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="slow_reads",
    title="Reads take 200 ms, within their deadline of 250 ms, and the guard is told to mind",
    why="No read fails, so nothing trips; and every user of a busy system waits for every turn.",
    variant="impatient",
    reason="latency",
    faults=(Latency(delay_ms=200, route=CONTEXT_READ),),
    needs_failures=10,
    reads_fail=False,
)
