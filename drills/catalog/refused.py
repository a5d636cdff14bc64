"""Nobody listens."""

from __future__ import annotations

from chaos.faults import Down
from drills.scenario import ZEP, Outage

DRILL = Outage(
    name="refused",
    title="Zep refuses connections, reads and writes alike",
    why="A dead Zep fails fast and often: without a breaker every turn pays for a connect and the logs "
    "drown.",
    reason="consecutive_failures",
    faults=(Down(proxy=ZEP),),
    needs_failures=3,
    writes_stored=False,
)
