"""What the intervals add up to.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from drills.canary.criteria import Measured, Result
from drills.canary.policy import Condition, Criterion, Policy
from drills.verdict import PRECEDENCE, Exit

WORDS = {
    Exit.PASS: "pass",
    Exit.FAIL: "fail",
    Exit.INCONCLUSIVE: "inconclusive",
    Exit.STOPPED: "rollback",
    Exit.INTERRUPTED: "interrupted",
}
STEPS = 10
"""A rollback trigger is looked at so many times within its duration, both ends besides."""

Interval = Sequence[Measured]


@dataclass(frozen=True, slots=True)
class Tally:
    """One criterion over all intervals."""

    criterion: Criterion
    measured: tuple[Measured, ...]

    def count(self, result: Result) -> int:
        return sum(one.result is result for one in self.measured)

    @property
    def exit(self) -> Exit:
        """A criterion that never passed proves nothing, whatever its limits forgive."""
        if self.count(Result.FAIL) > self.criterion.failure_limit:
            return Exit.FAIL
        if self.count(Result.INCONCLUSIVE) > self.criterion.inconclusive_limit:
            return Exit.INCONCLUSIVE
        return Exit.PASS if self.count(Result.PASS) else Exit.INCONCLUSIVE

    @property
    def over_the_limit(self) -> bool:
        """Whether no later interval can make this good."""
        return (
            self.count(Result.FAIL) > self.criterion.failure_limit
            or self.count(Result.INCONCLUSIVE) > self.criterion.inconclusive_limit
        )

    def as_json(self) -> dict[str, Any]:
        last = asdict(self.measured[-1]) if self.measured else {"name": self.criterion.name, "result": None}
        counts = {"failed": self.count(Result.FAIL), "inconclusive": self.count(Result.INCONCLUSIVE)}
        return {**last, **counts, "verdict": WORDS[self.exit]}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a canary, so far or at its end."""

    policy: Policy
    intervals: int
    tallies: tuple[Tally, ...]
    exit: Exit
    tripped: tuple[str, ...]

    @property
    def decided(self) -> bool:
        return self.exit is Exit.STOPPED or any(tally.over_the_limit for tally in self.tallies)

    @property
    def sentence(self) -> str:
        """Say first what is wrong."""
        wrong = [f"rollback trigger {name}" for name in self.tripped]
        wrong += [
            f"{tally.criterion.name}: {tally.measured[-1].why}"
            for tally in self.tallies
            if tally.measured and tally.exit is not Exit.PASS
        ]
        told = (
            f"{self.policy.name}: {WORDS[self.exit]} after {self.intervals} of {self.policy.count} intervals"
        )
        return "; ".join([told, *wrong])

    def as_json(self) -> dict[str, Any]:
        """Return what Argo's web provider and other programs read."""
        return {
            "schema": 1,
            "policy": self.policy.name,
            "verdict": WORDS[self.exit],
            "exit_code": int(self.exit),
            "sentence": self.sentence,
            "intervals": {"done": self.intervals, "of": self.policy.count},
            "criteria": [tally.as_json() for tally in self.tallies],
            "rollback_triggers": list(self.tripped),
        }


def fold(
    policy: Policy, intervals: Sequence[Interval], tripped: Sequence[str] = (), *, interrupted: bool = False
) -> Verdict:
    """Add up; too few intervals are no pass."""
    tallies = tuple(
        Tally(criterion, tuple(interval[n] for interval in intervals))
        for n, criterion in enumerate(policy.criteria)
    )
    codes = {tally.exit for tally in tallies}
    if len(intervals) < policy.count:
        codes.add(Exit.INCONCLUSIVE)
    if tripped:
        codes.add(Exit.STOPPED)
    if interrupted:
        codes.add(Exit.INTERRUPTED)
    worst = next((code for code in PRECEDENCE if code in codes), Exit.PASS)
    return Verdict(policy, len(intervals), tallies, worst, tuple(tripped))


def held(points: Sequence[float], beyond: Condition) -> bool:
    """Whether a trigger was beyond its limit all the time; a gap is no evidence."""
    return len(points) > STEPS and all(beyond.holds(value) for value in points)
