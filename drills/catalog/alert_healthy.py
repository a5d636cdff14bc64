"""Nothing is wrong."""

from __future__ import annotations

from chaos.faults import Latency
from drills.scenario import CONTEXT_READ, NOBODY, Storm

DRILL = Storm(
    name="alert_healthy",
    title="Reads take 50 ms, as on a busy day",
    why="A page for nothing teaches people to sleep through the next one.",
    variant="paged",
    faults=(Latency(delay_ms=50, route=CONTEXT_READ),),
    watch_s=8.0,
    pages=NOBODY,
    about_s=12.0,
)
