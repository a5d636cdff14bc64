"""Was it a pass?  Pure: the journal lines of one drill in, a verdict out.  The worst check wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from drills.checks import downgrade, ground, recovery, telemetry
from drills.checks.check import Check, Checker, Result, Subject
from drills.evidence import Evidence, Line
from drills.scenario import Drill
from drills.sentence import complaint, sentence
from drills.target import Budgets


class Exit(IntEnum):
    """Exit codes of a run, beside pytest's own."""

    PASS = 0
    FAIL = 1
    INCONCLUSIVE = 11
    NOTHING_COLLECTED = 12
    STOPPED = 13
    NOT_UNDONE = 14
    INTERRUPTED = 130


PRECEDENCE = (Exit.NOT_UNDONE, Exit.INTERRUPTED, Exit.STOPPED, Exit.FAIL, Exit.INCONCLUSIVE)

GROUND: tuple[Checker, ...] = (ground.marker, ground.steady_state, ground.arrivals, ground.fault_hit)
"""Without these nothing else is judged."""
CARE: tuple[Checker, ...] = (ground.stop_condition, ground.undo_verified)
"""These are judged always."""
EFFECT: tuple[Checker, ...] = (downgrade.downgrade, downgrade.user_errors)
"""Without a downgrade, or in a drill that was cut short, the rest has no meaning."""
BEHAVIOUR: tuple[Checker, ...] = (
    downgrade.reason,
    downgrade.failures_needed,
    downgrade.every_worker_degraded,
    downgrade.reads_while_degraded,
    downgrade.fallback_exercised,
    downgrade.writes_stored,
    downgrade.degraded_p95,
    recovery.held_again,
    recovery.probes,
    recovery.recover,
    recovery.every_worker_recovered,
    recovery.reads_resumed,
    telemetry.status_agrees,
    telemetry.metrics_agree,
)
ORDER = list(Result)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`facts` are the figures a report shows; None where there is none."""

    drill: str
    verdict: Result
    sentence: str
    checks: tuple[Check, ...]
    facts: dict[str, float | None]

    @property
    def passed(self) -> bool:
        """Tell whether the application passed; an undo that failed is no fault of it."""
        return all(check.result is Result.PASS for check in self.checks if check.name != ground.UNDO)

    @property
    def inconclusive(self) -> bool:
        return self.verdict is Result.INCONCLUSIVE

    def complaints(self) -> list[str]:
        """Return the sentence, and a line for each check that did not pass when they are several."""
        bad = [f"{c.result}: {complaint(c)}" for c in self.checks if c.result is not Result.PASS]
        return [self.sentence, *(bad if len(bad) > 1 else [])]

    @property
    def exit(self) -> Exit:
        """The exit code that this drill alone would give."""
        failed = {check.name for check in self.checks if check.result is Result.FAIL}
        if ground.UNDO in failed:
            return Exit.NOT_UNDONE
        if ground.STOP in failed:
            return Exit.STOPPED
        return {Result.PASS: Exit.PASS, Result.FAIL: Exit.FAIL}.get(self.verdict, Exit.INCONCLUSIVE)

    def figures(self) -> list[tuple[str, float]]:
        """Return the facts that are known."""
        return [(name, value) for name, value in self.facts.items() if value is not None]

    def fields(self) -> dict[str, Any]:
        """Return what the journal's verdict line holds."""
        checks = [asdict(check) for check in self.checks]
        return {"verdict": self.verdict, "sentence": self.sentence, "checks": checks, "facts": self.facts}


def judge(lines: Sequence[Line], drill: Drill, budgets: Budgets, hold_s: float) -> Verdict:
    """Judge one drill by its journal lines, in any order."""
    subject = Subject(Evidence(lines, hold_s), drill, budgets)
    checks = [*_told(subject), *(check(subject) for check in CARE)]
    worst = max((check.result for check in checks), key=ORDER.index)
    facts = _facts(subject)
    return Verdict(drill.name, worst, sentence(subject, worst, checks, facts), tuple(checks), facts)


def worst_exit(codes: Sequence[int]) -> int:
    """Fold several exit codes into one by the contract's precedence; unknown ones only when alone."""
    for code in PRECEDENCE:
        if code in codes:
            return int(code)
    return max(codes, default=0)


def _told(subject: Subject) -> list[Check]:
    """Judge floor by floor: what stands on a floor that is missing is not judged."""
    ground_checks = [check(subject) for check in GROUND]
    if any(check.result is not Result.PASS for check in ground_checks):
        return ground_checks
    told = [*ground_checks, *(check(subject) for check in EFFECT)]
    if subject.evidence.degraded and not subject.evidence.first("stop"):
        told += [check(subject) for check in BEHAVIOUR if _asked(check, subject.drill)]
    return told


def _asked(check: Checker, drill: Drill) -> bool:
    if check is downgrade.writes_stored:
        return drill.writes_stored
    return check is not recovery.held_again or drill.hold_again


def _facts(subject: Subject) -> dict[str, float | None]:
    evidence = subject.evidence
    return {
        "downgrade_s": _rounded(downgrade.since_first_hit(subject)),
        "recover_s": _rounded(recovery.to_recover_s(subject)),
        "user_errors": downgrade.failed_answers(subject),
        "degraded_p95_ms": _rounded(downgrade.degraded_p95_ms(subject)),
        "reads_while_degraded": downgrade.leaked_reads(subject),
        "probes": len(evidence.probes),
        "requests": len(evidence.answers),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
