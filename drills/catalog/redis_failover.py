"""Redis fails over in the middle of an outage."""

from __future__ import annotations

from chaos.faults import Failover, Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="redis_failover",
    title="401, and Redis fails over to its replica while reads are held",
    why="Every managed Redis fails over: the hold must survive it, and so must the way back.",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ), Failover()),
    about_s=9.0,
)
