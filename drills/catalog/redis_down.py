"""The guard loses its shared state."""

from __future__ import annotations

from chaos.faults import Down
from drills.scenario import REDIS, Storm

DRILL = Storm(
    name="redis_down",
    title="Redis refuses connections, Zep is well",
    why="Redis is a convenience of the guard, not of the users: chat and memory must go on without it.",
    faults=(Down(proxy=REDIS),),
    hits=1,
    about_s=5.0,
)
