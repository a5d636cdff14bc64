"""A deploy in the middle of an outage."""

from __future__ import annotations

from chaos.faults import Restart, Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="workers_restarted_while_degraded",
    title="401, and all workers are restarted while reads are held",
    why="A deploy during an outage is when everybody restarts at once: the hold is the fleet's, not a "
    "process's.",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ), Restart(process="workers")),
    tolerates=20,
    about_s=9.0,
)
