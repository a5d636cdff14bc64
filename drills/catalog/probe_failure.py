"""The key is still bad when the hold is over."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

DRILL = Outage(
    name="probe_failure",
    title="401, and the first probe meets it too",
    why="A hold that expires into reads hits a dead backend with every worker at once; a failed probe "
    "must hold again.",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
    deepen=(Status(code=401, route=CONTEXT_READ),),
    hold_again=True,
    about_s=9.0,
)
