"""Steady, broken for a while, healed: was there a switch that should not have been?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drills.evidence import OUTBOX_DEPTH, READ_WRITE
from drills.observe import Seen
from drills.plays.outage import shows
from drills.scenario import Storm
from drills.stage import PATIENCE_S, Stage
from drills.stored import stored

LOOK_EVERY_S = 0.2
STORED_WITHIN_S = 3.0
"""For what was just said when we looked: the load goes on."""


def play(stage: Stage, drill: Storm) -> None:
    """Watch the whole time, whatever happens: a drill that looks away sees no second switch."""
    stage.steady()
    stage.phase("inject")
    stage.apply(drill.faults)
    stage.metrics("during", bool)
    _watch(stage, drill)
    if drill.writes_fail:
        stage.status("during", _writes_paused)
    stage.phase("heal")
    stage.faults.heal()
    stage.phase("recover")
    stage.watch(Seen.everywhere_back, stage.target.hold_s + stage.budgets.recover_s + PATIENCE_S)
    if drill.emptied_s is not None:
        _watch_depth(stage, drill.emptied_s + PATIENCE_S, until_empty=True)
    stage.settle()
    if drill.writes_fail:  # the breaker's own hold, and one write that tries
        stage.until(stage.sent.again().wrote, stage.target.hold_s + stage.budgets.recover_s)
    if drill.emptied_s is not None:
        _look_into_zep(stage)
    stage.metrics("after", lambda values: shows(READ_WRITE, values))
    stage.status("after")


def _writes_paused(status: Mapping[str, Any]) -> bool:
    """Between two holds a write tries, and the breaker is not open for as long as that takes."""
    return bool(status.get("values", {}).get("write_breaker") == "open")


def _watch(stage: Stage, drill: Storm) -> None:
    if drill.emptied_s is None:
        stage.watch(lambda _seen: False, drill.watch_s)
    else:
        _watch_depth(stage, drill.watch_s, until_empty=False)


def _watch_depth(stage: Stage, within_s: float, *, until_empty: bool) -> None:
    """Journal how many writes wait, five times a second."""
    deadline_s = stage.history.now() + within_s
    depth: float | None = None
    while stage.history.now() < deadline_s and not (until_empty and depth == 0):
        depth = stage.instruments.metrics().get(OUTBOX_DEPTH)
        if depth is not None:
            stage.write("metrics", at="depth", values={OUTBOX_DEPTH: depth})
        stage.watch(lambda _seen: False, LOOK_EVERY_S)


def _look_into_zep(stage: Stage) -> None:
    found: dict[str, Any] = {}

    def complete() -> bool:
        texts = stage.instruments.texts()
        found.update(stored(texts["zep"], stage.label) if "zep" in texts else {})
        return bool(found) and not found["missing"]

    stage.until(complete, STORED_WITHIN_S)
    if found:
        stage.write("stored", **found)
