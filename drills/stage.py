"""What a drill under way can do: break, watch, ask, and write all of it down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from drills.history import History
from drills.inject import Faults, Injectors
from drills.observe import Audience, Instruments, Seen
from drills.operator import Operator
from drills.scenario import Drill, Fault
from drills.sent import Sent
from drills.target import Budgets, Target, TargetError

STEADY_WITHIN_S = 10.0
PATIENCE_S = 1.0
"""Beyond a budget, so that a miss is measured and not only noticed."""
METRICS_WITHIN_S = 1.5
"""Several workers flush their metrics each at their own time."""
POLL_S = 0.05


class UnsteadyError(Exception):
    """There is no steady state, so nothing may be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One drill under way; `progress` is told (drill, phase, seconds of the run)."""

    drill: Drill
    target: Target
    history: History
    injectors: Injectors
    audience: Audience
    instruments: Instruments
    faults: Faults
    operator: Operator
    sent: Sent
    progress: Callable[[str, str, float], None]

    @property
    def budgets(self) -> Budgets:
        return self.target.budgets

    def check_ground(self) -> None:
        """Before any load: the right target, what the drill needs, nothing left by a dead drill."""
        self.phase("marker")
        try:
            self.instruments.check_marker()
        except TargetError as error:
            self.write("marker", ok=False, text=str(error))
            raise
        self.write("marker", ok=True)
        self.injectors.require(self.drill.everything)
        for name in self.injectors.sweep():
            self.write("note", text=f"healed {name}, left by an earlier drill")

    def steady(self) -> dict[str, float]:
        """Wait for the steady state; returns the metrics before anything is broken."""
        self.phase("steady")
        if not self.audience.until(Seen.steady, STEADY_WITHIN_S):
            raise UnsteadyError(f"no steady state within {STEADY_WITHIN_S:g} s")
        self.write("steady")
        return self.metrics("before", bool)

    def apply(self, faults: Iterable[Fault]) -> None:
        """Break, one after the other."""
        for fault in faults:
            self.faults.apply(fault)
        if self.drill.restarts:
            self.audience.forget_workers()

    def watch(self, condition: Callable[[Seen], bool], within_s: float) -> bool:
        """Wait for what answers show; stop conditions are looked at meanwhile."""
        return self.audience.until(condition, within_s)

    def until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Wait for something that answers do not show, asked every 50 ms."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self.watch(lambda _seen: False, POLL_S)
        return True

    def status(self, at: str) -> None:
        """Ask the operations command."""
        with ThreadPoolExecutor(
            1
        ) as aside:  # it takes its time, and stop conditions must be looked at meanwhile
            asked = aside.submit(self.operator.status)
            self.watch(lambda _seen: asked.done(), STEADY_WITHIN_S)
            self.write("status", at=at, **asked.result())

    def metrics(self, at: str, ready: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Ask until they show what is expected, or for 1.5 s; the last answer is journalled."""
        if not self.target.metrics_urls:
            return {}
        values: dict[str, float] = {}

        def as_expected() -> bool:
            nonlocal values
            values = self.instruments.metrics()
            return ready(values)

        self.until(as_expected, METRICS_WITHIN_S)
        if values:
            self.write("metrics", at=at, values=values)
        return values

    def settle(self) -> None:
        """Wait for the steady state after all is over."""
        self.phase("after")
        self.audience.forget_recent()
        self.watch(Seen.steady, PATIENCE_S + self.budgets.recover_s)

    def phase(self, phase: str) -> None:
        self.write("phase", phase=phase)
        self.progress(self.drill.name, phase, self.history.now())

    def write(self, kind: str, **fields: Any) -> None:
        self.history.write(kind, drill=self.drill.name, **fields)
