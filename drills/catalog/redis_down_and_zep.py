"""Redis is gone when Zep fails."""

from __future__ import annotations

from chaos.faults import Down, Status
from drills.scenario import CONTEXT_READ, REDIS, Outage

DRILL = Outage(
    name="redis_down_and_zep",
    title="Redis refuses connections, then Zep answers 401",
    why="A guard that is off without Redis hammers a dying Zep: each process must step aside by itself.",
    reason="auth",
    faults=(Down(proxy=REDIS), Status(code=401, route=CONTEXT_READ)),
    alone=True,
    about_s=9.0,
)
