"""Steady, broken, degraded, healed, back."""

from __future__ import annotations

import time
from math import inf

from chaos.faults import HttpFault
from drills.checks.paging import RESOLVE_S
from drills.checks.recovery import PROBE_FAILED
from drills.evidence import READ_WRITE, SETTLED_S
from drills.observe import Seen, series
from drills.pager import RESOLVE, TRIGGER, came
from drills.scenario import Outage
from drills.stage import PATIENCE_S, Stage

ENOUGH = 15
"""Degraded answers to watch before healing, and a few of every worker."""
OF_EACH = 3
DEADLINE = "memory_guard_read_deadline_seconds"
LEARNT_WITHIN_S = 10.0
"""A guard needs a hundred reads: two seconds of load."""
DWELL_SHARE = 0.6
"""Of the hold: a drill that watches longer meets the probe before its heal."""

Values = dict[str, float]


def play(stage: Stage, drill: Outage) -> None:
    """From the steady state and back to it."""
    before = stage.steady()
    if drill.deadline_below_ms is not None:
        _let_it_learn(stage, drill.deadline_below_ms)
    stage.phase("inject")
    stage.apply(drill.faults)
    degraded = stage.watch(Seen.any_degraded, stage.budgets.downgrade_s + PATIENCE_S)
    if degraded:
        _watch_degraded(stage, drill, before)
        _await_page(stage, drill, TRIGGER)
    stage.phase("heal")
    stage.faults.heal()
    if degraded:
        _watch_recovery(stage, drill, before)
        _await_page(stage, drill, RESOLVE)


def _await_page(stage: Stage, drill: Outage, action: str) -> None:
    """Until the page has come, or ended; while it is broken that may take longer than a hold."""
    wanted = drill.pages
    if wanted is None:
        return
    stage.phase("page" if action == TRIGGER else "page ends")
    within_s = (wanted.within_s if action == TRIGGER else RESOLVE_S) + PATIENCE_S
    stage.until(lambda: came(stage.pager.pages(), wanted, action), within_s)


def _let_it_learn(stage: Stage, below_ms: float) -> None:
    stage.phase("learn")
    stage.until(lambda: stage.instruments.metrics().get(DEADLINE, inf) * 1000 < below_ms, LEARNT_WITHIN_S)


def _watch_degraded(stage: Stage, drill: Outage, before: Values) -> None:
    _deepen(stage, drill)
    stage.phase("degraded")
    began = time.monotonic()
    if not drill.alone:
        stage.status("degraded")
    stage.metrics("degraded", lambda values: _counted(drill, before, values) and shows(drill.mode, values))
    hold_s = _hold_s(stage, drill)
    left_s = hold_s * DWELL_SHARE - (time.monotonic() - began)
    stage.watch(lambda seen: _watched(seen, drill, began), max(left_s, drill.degraded_s))
    wait_s = hold_s + stage.budgets.recover_s
    if drill.hold_again:
        stage.watch(lambda seen: PROBE_FAILED in seen.reason.values(), wait_s)
    if drill.at_probe and stage.until(stage.sent.probing, wait_s):
        stage.apply(drill.at_probe)


def _deepen(stage: Stage, drill: Outage) -> None:
    """Answers of Zep at once; what happens to the parts of the system only when the downgrade has settled."""
    at_once = [fault for fault in drill.deepen if isinstance(fault, HttpFault)]
    stage.apply(at_once)
    later = [fault for fault in drill.deepen if fault not in at_once]
    if later:
        stage.watch(Seen.everywhere_degraded, stage.budgets.downgrade_s)
        stage.watch(lambda _seen: False, 2 * SETTLED_S)
        stage.apply(later)


def _watch_recovery(stage: Stage, drill: Outage, before: Values) -> None:
    stage.phase("recover")
    held_s = _hold_s(stage, drill) + (stage.target.lease_s if drill.at_probe else 0)
    stage.watch(Seen.everywhere_back, held_s + stage.budgets.recover_s + PATIENCE_S)
    stage.settle()
    stage.metrics("after", lambda values: _counted(drill, before, values) and shows(READ_WRITE, values))
    stage.status("after")


def _hold_s(stage: Stage, drill: Outage) -> float:
    return stage.target.hold_s if drill.hold_s is None else drill.hold_s


def _watched(seen: Seen, drill: Outage, began: float) -> bool:
    counts = [seen.degraded.get(worker, 0) for worker in seen.mode]
    long_enough = time.monotonic() - began >= drill.degraded_s
    return long_enough and sum(counts) >= ENOUGH and min(counts, default=0) >= OF_EACH


def _counted(drill: Outage, before: Values, now: Values) -> bool:
    """Whether the downgrade shows in the counters; one by hand is none."""
    key = series("memory_zep_downgrades_total", {"reason": drill.reason})
    return drill.by_hand or now.get(key, 0) > before.get(key, 0)


def shows(mode: str, values: Values) -> bool:
    """Tell whether the gauge stands on a mode."""
    return values.get(series("memory_mode_gauge", {"mode": mode})) == 1
