"""Zep is slow, not too slow."""

from __future__ import annotations

from chaos.faults import Latency
from drills.scenario import CONTEXT_READ, Storm

DRILL = Storm(
    name="latency_under",
    title="Reads take 150 ms, less than their deadline of 250 ms",
    why="A guard that trips on mere slowness takes users' memory away on every busy afternoon.",
    faults=(Latency(delay_ms=150, route=CONTEXT_READ),),
)
