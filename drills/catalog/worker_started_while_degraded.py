"""A worker is replaced in the middle of an outage."""

from __future__ import annotations

from chaos.faults import Kill, Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="worker_started_while_degraded",
    title="401, and one worker is killed and replaced while reads are held",
    why="A fresh process knows nothing of the outage: it must ask the fleet before its first read, not "
    "after.",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ), Kill(process="worker")),
    tolerates=10,
)
