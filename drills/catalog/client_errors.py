"""What Zep says to a wrong question."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Storm

DRILL = Storm(
    name="client_errors",
    title="Reads meet 400, 404, 409 and 422 in turn",
    why="A bad id or a deleted thread is our own mistake: Zep is healthy, and other users must keep "
    "their memory.",
    faults=(
        Status(code=400, route=CONTEXT_READ, percent=25),
        Status(code=404, route=CONTEXT_READ, percent=33),
        Status(code=409, route=CONTEXT_READ, percent=50),
        Status(code=422, route=CONTEXT_READ),
    ),
    memory_used=False,
)
