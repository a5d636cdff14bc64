"""Zep asks for patience."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="rate_limited",
    title="A read meets 429 with Retry-After: 3",
    why="Going on into a rate limit costs the account its quota; the wait must be as long as told, and "
    "is no failure.",
    reason="rate_limited",
    hold_s=3.0,
    faults=(Status(code=429, retry_after_s=3, route=CONTEXT_READ, first=1),),
    about_s=8.0,
)
