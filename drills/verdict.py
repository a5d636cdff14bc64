"""Was it a pass?  Pure: the journal lines of one drill in, a verdict out.  The worst check wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from drills.checks import dialogue, downgrade, ground
from drills.checks.asked import of_dialogue, of_outage, of_storm
from drills.checks.check import Check, Checker, Result, Subject, unknown
from drills.evidence import Evidence, Line
from drills.facts import facts_of
from drills.scenario import Dialogue, Drill, Outage, Storm
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

GROUND: tuple[Checker, ...] = (
    ground.marker,
    ground.steady_state,
    ground.arrivals,
    ground.fault_hit,
)
"""Without these nothing else is judged."""
CARE: tuple[Checker, ...] = (ground.stop_condition, ground.undo_verified)
"""These are judged always."""
EFFECT: tuple[Checker, ...] = (downgrade.downgrade, downgrade.user_errors)
"""Without a downgrade, or in a drill that was cut short, the rest of an outage has no meaning."""

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


def judge(
    lines: Sequence[Line], drill: Drill, budgets: Budgets, hold_s: float, lease_s: float = 10.0
) -> Verdict:
    """Judge one drill by its journal lines, in any order."""
    held_s = drill.hold_s if isinstance(drill, Outage) and drill.hold_s is not None else hold_s
    subject = Subject(Evidence(lines, held_s, lease_s), drill, budgets)
    told = _told(subject)
    busy = [] if isinstance(drill, Dialogue) else ground.machine(subject, told)  # a leak is a leak
    care = [check(subject) for check in CARE]
    checks = [*busy, *told, *care]
    worst = max((check.result for check in [*(busy or told), *care]), key=ORDER.index)
    facts = facts_of(subject)
    return Verdict(drill.name, worst, sentence(subject, worst, checks, facts), tuple(checks), facts)


def worst_exit(codes: Sequence[int]) -> int:
    """Fold several exit codes into one by the contract's precedence; unknown ones only when alone."""
    for code in PRECEDENCE:
        if code in codes:
            return int(code)
    return max(codes, default=0)


def _told(subject: Subject) -> list[Check]:
    """Judge floor by floor: what stands on a floor that is missing is not judged."""
    if lack := subject.evidence.first("lacks"):  # it was not even begun: the rest of the ground says nothing
        return [ground.marker(subject), unknown("capability", str(lack["text"]))]
    floor = GROUND[:1] if isinstance(subject.drill, Dialogue) else GROUND
    told = [check(subject) for check in floor]
    if any(check.result is not Result.PASS for check in told):
        return told
    if isinstance(subject.drill, Dialogue):
        return told + dialogue.steps(subject) + [check(subject) for check in of_dialogue(subject.drill)]
    if isinstance(subject.drill, Storm):
        return told + [check(subject) for check in of_storm(subject.drill)]
    told += [check(subject) for check in EFFECT]
    if subject.evidence.degraded and not subject.evidence.first("stop"):
        told += [check(subject) for check in of_outage(subject.outage)]
    return told
