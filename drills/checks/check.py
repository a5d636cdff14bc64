"""A check's outcome, and what a check looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drills.evidence import Evidence
from drills.scenario import Drill, Outage, Storm
from drills.target import Budgets


class Result(StrEnum):
    """From best to worst; the worst wins."""

    PASS = "pass"  # noqa: S105 - a result
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """`measured` against `budget`, both in `unit`; `why` says in words what is wrong."""

    name: str
    result: Result
    measured: float | str | None = None
    budget: float | str | None = None
    unit: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged, and by which measure."""

    evidence: Evidence
    drill: Drill
    budgets: Budgets

    @property
    def outage(self) -> Outage:
        """The drill, where it is one; asked only by checks of outages."""
        assert isinstance(self.drill, Outage)  # noqa: S101 - the table of checks by kind says so
        return self.drill

    @property
    def storm(self) -> Storm:
        assert isinstance(self.drill, Storm)  # noqa: S101 - the same
        return self.drill


Checker = Callable[[Subject], Check]


def at_most(name: str, measured: float | None, budget: float, unit: str, *, missing: str) -> Check:
    """Pass up to `budget`; fail beyond it, or when there is nothing to measure."""
    if measured is None:
        return Check(name, Result.FAIL, None, budget, unit, missing)
    result = Result.PASS if measured <= budget else Result.FAIL
    return Check(name, result, round(measured, 3), budget, unit)


def fact(name: str, *, holds: bool, measured: str = "", expected: str = "", why: str = "") -> Check:
    """Pass when it holds, else fail."""
    result = Result.PASS if holds else Result.FAIL
    return Check(name, result, measured or None, expected or None, why="" if holds else why)


def unknown(name: str, why: str) -> Check:
    """Nothing can be concluded."""
    return Check(name, Result.INCONCLUSIVE, why=why)
