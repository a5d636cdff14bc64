"""Carries out one drill: steady, break, watch, heal, watch again.

What it saw goes to the journal; the verdict is read from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chaos.faults import Fault
from chaos.injectors import InjectorError
from chaos.stack.keeper import KeeperError
from drills.checks.recovery import PROBE_FAILED
from drills.evidence import READ_WRITE, Evidence
from drills.history import History, lines_of
from drills.inject import Arming, CapabilityError, Faults, Injectors
from drills.load.process import Load, LoadPlan
from drills.observe import Audience, Instruments, Seen, StopConditionError, series
from drills.scenario import Drill
from drills.target import Budgets, Target, TargetError
from drills.verdict import Verdict, judge

STEADY_WITHIN_S = 10.0
PATIENCE_S = 1.0
"""Beyond a budget, so that a miss is measured and not only noticed."""
METRICS_WITHIN_S = 1.5
"""Several workers flush their metrics each at their own time."""
POLL_S = 0.05
ENOUGH = 15
"""Degraded answers to watch before healing, and a few of every worker."""
OF_EACH = 3
DWELL_SHARE = 0.6
"""Of the hold: a drill that watches longer meets the probe before its heal."""


class EndedError(Exception):
    """The drill could not go on, nor can the next; one line.  `verdict` is what the journal still gave."""

    def __init__(self, line: str, verdict: Verdict) -> None:
        super().__init__(line)
        self.verdict = verdict


class UnsteadyError(Exception):
    """There is no steady state, so nothing may be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs drills against one target; `progress` is told (drill, phase, seconds of the run)."""

    target: Target
    injectors: Injectors
    keeper: Arming
    history: History
    run_id: str
    seed: int
    rate: float = 50.0
    """Chat requests a second."""
    progress: Callable[[str, str, float], None] = lambda _drill, _phase, _t: None

    def run(self, drill: Drill) -> Verdict:
        """Rehearse, journal and judge one drill.

        Raises `EndedError` when the target or an injector is gone; KeyboardInterrupt passes, healed.
        """
        self.history.write("drill", drill=drill.name, title=drill.title, why=drill.why)
        mark = self._mark()
        trouble = self._rehearsed(drill)
        self._collect(drill, mark)
        lines = lines_of(self.history.path, drill.name)
        verdict = judge(lines, drill, self.target.budgets, self.target.hold_s)
        self.history.write("verdict", drill=drill.name, **verdict.fields())
        if trouble:
            raise EndedError(str(trouble), verdict) from trouble
        return verdict

    def _rehearsed(self, drill: Drill) -> Exception | None:
        """Rehearse; returns what makes going on pointless."""
        try:
            with self._stage(drill) as stage:
                stage.rehearse()
        except StopConditionError as stop:
            self.history.write("stop", drill=drill.name, text=str(stop))
        except CapabilityError as lack:
            self.history.write("lacks", drill=drill.name, text=str(lack))
        except UnsteadyError as error:
            self.history.write("note", drill=drill.name, text=str(error))
        except (TargetError, InjectorError, KeeperError) as error:
            self.history.write("note", drill=drill.name, text=str(error))
            return error
        except KeyboardInterrupt:
            self.history.write("note", drill=drill.name, text="interrupted")
            raise
        return None

    @contextmanager
    def _stage(self, drill: Drill) -> Iterator[Stage]:
        faults = Faults(self.injectors, self.keeper, self.history, drill.name, self.run_id)
        audience = Audience(self.history, drill.name, lambda seen: self._stop(seen, faults))
        plan = LoadPlan(
            url=self.target.chat_url,
            token=self.target.token,
            t0=self.history.t0,
            prefix=f"drill-{self.run_id}",
            seed=self.seed,
            rate=self.rate,
        )
        instruments = Instruments(self.target)
        try:
            stage = Stage(self, drill, audience, instruments, faults)
            stage.check_ground()
            with Load(plan, audience.hear), faults:
                yield stage
        finally:
            instruments.close()

    def _stop(self, seen: Seen, faults: Faults) -> None:
        allowed = self.target.budgets.stop_user_errors
        if seen.errors > allowed and not faults.begun:
            raise UnsteadyError(f"no steady state: {seen.errors} user errors before anything was broken")
        if seen.errors > allowed:
            raise StopConditionError(f"{seen.errors} user errors, more than the {allowed} that stop a drill")
        if seen.load_ended:
            raise UnsteadyError("the load generator ended before the drill did")
        if faults.trouble:
            raise faults.trouble

    # the gateway's log

    def _mark(self) -> int | None:
        """Return the number of the last request so far; None when the gateway cannot tell."""
        if not self.injectors.gateway:
            return None
        try:
            entries = self.injectors.gateway.log()
        except InjectorError:
            return None  # the sweep that follows says so
        return int(entries[-1]["n"]) if entries else 0

    def _collect(self, drill: Drill, mark: int | None) -> None:
        if not self.injectors.gateway or mark is None:
            return
        try:
            entries = self.injectors.gateway.log(after=mark)
        except InjectorError as error:
            self.history.write("note", drill=drill.name, text=str(error))
            return
        for entry in entries:
            self._journal_entry(drill, entry)
        hits = Evidence(lines_of(self.history.path, drill.name), self.target.hold_s).first_hits
        for name, at in hits.items():
            self.history.write("fault_hit", when=at, drill=drill.name, name=name)

    def _journal_entry(self, drill: Drill, entry: dict[str, Any]) -> None:
        done = entry.get("done")
        fields = {
            "status": entry["status"],
            "fault": entry["fault"],
            "ms": None if done is None else round((done - entry["t"]) * 1000, 2),
        }
        at = entry["t"] - self.history.t0
        if entry["probe"]:
            self.history.write("probe", when=at, drill=drill.name, **fields)
        else:
            op = operation(entry["method"], entry["path"])
            self.history.write("upstream", when=at, drill=drill.name, op=op, **fields)


@dataclass(frozen=True, slots=True)
class Stage:
    """One drill under way: the load runs, faults are ours to apply."""

    runner: Runner
    drill: Drill
    audience: Audience
    instruments: Instruments
    faults: Faults

    def check_ground(self) -> None:
        """Before any load: the right target, nothing left by a dead drill."""
        self._phase("marker")
        try:
            self.instruments.check_marker()
        except TargetError as error:
            self._write("marker", ok=False, text=str(error))
            raise
        self._write("marker", ok=True)
        self.runner.injectors.require((*self.drill.faults, *self.drill.deepen))
        for name in self.runner.injectors.sweep():
            self._write("note", text=f"healed {name}, left by an earlier drill")

    def rehearse(self) -> None:
        """The drill, from the steady state and back to it."""
        self._phase("steady")
        if not self.audience.until(Seen.steady, STEADY_WITHIN_S):
            raise UnsteadyError(f"no steady state within {STEADY_WITHIN_S:g} s")
        self._write("steady")
        before = self._metrics("before", bool)
        self._phase("inject")
        self._apply(self.drill.faults)
        degraded = self.audience.until(Seen.any_degraded, self._budget.downgrade_s + PATIENCE_S)
        if degraded:
            self._watch_degraded(before)
        self._phase("heal")
        self.faults.heal()
        if degraded:
            self._watch_recovery(before)

    def _watch_degraded(self, before: dict[str, float]) -> None:
        self._apply(self.drill.deepen)
        self._phase("degraded")
        began = time.monotonic()
        self._status("degraded")
        reason = series("memory_zep_downgrades_total", {"reason": self.drill.reason})
        self._metrics(
            "degraded", lambda values: _moved(reason, before, values) and not _shows(READ_WRITE, values)
        )
        left_s = self.runner.target.hold_s * DWELL_SHARE - (time.monotonic() - began)
        self.audience.until(lambda seen: self._watched(seen, began), max(left_s, self.drill.degraded_s))
        if self.drill.hold_again:
            wait_s = self.runner.target.hold_s + self._budget.recover_s
            self.audience.until(lambda seen: PROBE_FAILED in seen.reason.values(), wait_s)

    def _watch_recovery(self, before: dict[str, float]) -> None:
        self._phase("recover")
        wait_s = self.runner.target.hold_s + self._budget.recover_s + PATIENCE_S
        self.audience.until(Seen.everywhere_back, wait_s)
        self._phase("after")
        self.audience.forget_recent()
        self.audience.until(Seen.steady, PATIENCE_S + self._budget.recover_s)
        reason = series("memory_zep_downgrades_total", {"reason": self.drill.reason})
        self._metrics("after", lambda values: _moved(reason, before, values) and _shows(READ_WRITE, values))
        self._status("after")

    def _watched(self, seen: Seen, began: float) -> bool:
        counts = [seen.degraded.get(worker, 0) for worker in seen.mode]
        long_enough = time.monotonic() - began >= self.drill.degraded_s
        return long_enough and sum(counts) >= ENOUGH and min(counts) >= OF_EACH

    def _apply(self, faults: tuple[Fault, ...]) -> None:
        for fault in faults:
            self.faults.apply(fault)

    def _status(self, at: str) -> None:
        with ThreadPoolExecutor(
            1
        ) as aside:  # it takes its time, and stop conditions must be looked at meanwhile
            asked = aside.submit(self.instruments.status)
            self.audience.until(lambda _seen: asked.done(), STEADY_WITHIN_S)
            self._write("status", at=at, **asked.result())

    def _metrics(self, at: str, ready: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Ask until they show what is expected, or for 1.5 s; the last answer is journalled."""
        if not self.runner.target.metrics_urls:
            return {}
        deadline = time.monotonic() + METRICS_WITHIN_S
        while not ready(values := self.instruments.metrics()) and time.monotonic() < deadline:
            self.audience.until(lambda _seen: False, POLL_S)
        if values:
            self._write("metrics", at=at, values=values)
        return values

    def _phase(self, phase: str) -> None:
        self._write("phase", phase=phase)
        self.runner.progress(self.drill.name, phase, self.runner.history.now())

    def _write(self, kind: str, **fields: Any) -> None:
        self.runner.history.write(kind, drill=self.drill.name, **fields)

    @property
    def _budget(self) -> Budgets:
        return self.runner.target.budgets


def operation(method: str, path: str) -> str:
    """Tell a read of context and a write of messages from the rest of Zep's API."""
    end = path.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return {("GET", "context"): "read", ("POST", "messages"): "write"}.get((method, end), "other")


def _moved(key: str, before: dict[str, float], now: dict[str, float]) -> bool:
    return now.get(key, 0) > before.get(key, 0)


def _shows(mode: str, values: dict[str, float]) -> bool:
    return values.get(series("memory_mode_gauge", {"mode": mode})) == 1
