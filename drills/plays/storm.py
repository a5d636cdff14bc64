"""Steady, broken for a while, healed: was there a switch that should not have been?"""

from __future__ import annotations

from drills.evidence import READ_WRITE
from drills.observe import Seen
from drills.plays.outage import shows
from drills.scenario import Storm
from drills.stage import PATIENCE_S, Stage


def play(stage: Stage, drill: Storm) -> None:
    """Watch the whole time, whatever happens: a drill that looks away sees no second switch."""
    stage.steady()
    stage.phase("inject")
    stage.apply(drill.faults)
    stage.metrics("during", bool)
    stage.watch(lambda _seen: False, drill.watch_s)
    if drill.writes_fail:
        stage.status("during")
    stage.phase("heal")
    stage.faults.heal()
    stage.phase("recover")
    stage.watch(Seen.everywhere_back, stage.target.hold_s + stage.budgets.recover_s + PATIENCE_S)
    stage.settle()
    if drill.writes_fail:  # the breaker's own hold, and one write that tries
        stage.until(stage.sent.again().wrote, stage.target.hold_s + stage.budgets.recover_s)
    stage.metrics("after", lambda values: shows(READ_WRITE, values))
    stage.status("after")
