"""What a drill under way can do: break, watch, ask, and write all of it down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from drills.history import History
from drills.inject import CapabilityError, Faults, Injectors
from drills.observe import Audience, Instruments, Seen
from drills.operator import Operator
from drills.pace import zep_per_minute
from drills.pager import Pager
from drills.progress import Progress
from drills.scenario import Drill, Fault
from drills.sent import Sent
from drills.target import Budgets, Target, TargetError
from drills.variants import PAGED

STEADY_WITHIN_S = 10.0
PATIENCE_S = 1.0
"""Beyond a budget, so that a miss is measured and not only noticed."""
METRICS_WITHIN_S = 1.5
"""Several workers flush their metrics each at their own time."""
POLL_S = 0.05
QUIET_WITHIN_S = 25.0
"""An hour of a rule is 20 s of a drill: so long it remembers what an earlier one broke."""
STATUS_TRIES = 3


class UnsteadyError(Exception):
    """There is no steady state, so nothing may be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One drill under way."""

    drill: Drill
    target: Target
    history: History
    injectors: Injectors
    audience: Audience
    instruments: Instruments
    faults: Faults
    operator: Operator
    sent: Sent
    pager: Pager
    progress: Progress
    label: str
    """Which the messages of the load end with, and their numbers."""

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
        self._check_features()
        self.injectors.require(self.drill.everything)
        if self.drill.pages and not self.pager:
            raise CapabilityError(f"target {self.target.name} has no pager ([alerts] pager_log_url)")
        for name in self.injectors.sweep():
            self.write("note", text=f"healed {name}, left by an earlier drill")

    def _check_features(self) -> None:
        wanted = self.drill.variant
        if wanted not in ("", PAGED, *self.target.features):  # a pager is seen, not said
            raise CapabilityError(
                f"target {self.target.name} does not say that it is {wanted}: [target] features"
            )

    def check_pace(self, rate: float) -> None:
        """Ask nothing of an account that could not answer; `rate` turns a second, where there is load."""
        asked, allowed = zep_per_minute(self.drill, rate), self.target.zep_per_minute
        if asked > allowed:
            raise CapabilityError(f"asks Zep {asked:g} times a minute, the account may {allowed:g}: [limits]")

    def steady(self) -> dict[str, float]:
        """Wait for the steady state; returns the metrics before anything is broken."""
        self.phase("steady")
        if not self.audience.until(Seen.steady, STEADY_WITHIN_S):
            raise UnsteadyError(f"no steady state within {STEADY_WITHIN_S:g} s")
        self._nobody_paged()
        self.write("steady")
        return self.metrics("before", bool)

    def _nobody_paged(self) -> None:
        """An earlier drill's page would hide this one's."""
        if self.drill.pages and not self.until(self.pager.quiet, QUIET_WITHIN_S):
            raise UnsteadyError(f"a page is open before anything is broken, for {QUIET_WITHIN_S:g} s now")
        if self.drill.pages:
            self.pager.from_now()

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

    def status(self, at: str, ready: Callable[[dict[str, Any]], bool] = bool) -> None:
        """Ask the operations command until it says what is expected, or three times; journal the last."""
        answer = self._status()
        for _ in range(STATUS_TRIES - 1):
            answer = answer if ready(answer) else self._status()
        self.write("status", at=at, **answer)

    def _status(self) -> dict[str, Any]:
        """It takes its time, and stop conditions must be looked at meanwhile."""
        with ThreadPoolExecutor(1) as aside:
            asked = aside.submit(self.operator.status)
            self.watch(lambda _seen: asked.done(), STEADY_WITHIN_S)
            return asked.result()

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
        self.progress.phase(self.drill, phase, self.history.now())

    def write(self, kind: str, **fields: Any) -> None:
        self.history.write(kind, drill=self.drill.name, **fields)
