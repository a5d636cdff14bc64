"""Zep is slower than it ever was, and still within the deadline that somebody once wrote down."""

from __future__ import annotations

from chaos.faults import Latency
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="adaptive_deadline",
    title="Reads that took 5 ms take 200 ms, and the deadline has followed",
    why="250 ms is what a user may wait at most; of a Zep that answers in 5 ms it is worth far less.",
    variant="adaptive",
    reason="consecutive_failures",
    faults=(Latency(delay_ms=200, route=CONTEXT_READ),),
    needs_failures=3,
    deadline_below_ms=200,
    about_s=10.0,
)
