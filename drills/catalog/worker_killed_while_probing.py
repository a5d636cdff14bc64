"""The one that asks dies while it asks."""

from __future__ import annotations

from chaos.faults import Hang, Kill, Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="worker_killed_while_probing",
    title="401, and all workers are killed while the probe waits for its answer",
    why="A prober that dies must not take recovery with it: its lease lapses, and another worker asks.",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Hang(route=CONTEXT_READ),),
    at_probe=(Kill(process="workers"),),
    tolerates=20,
    about_s=10.0,
)
