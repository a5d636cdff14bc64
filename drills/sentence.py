"""A verdict in one sentence, for somebody who was woken by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drills.checks.check import Check, Result, Subject
from drills.scenario import NOBODY, Dialogue, Storm

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MS_BELOW_S = 0.1
SHOWN = 3
"""More complaints than this are counted, not told."""


def sentence(
    subject: Subject, result: Result, checks: Sequence[Check], facts: Mapping[str, float | None]
) -> str:
    """Say what happened; what is wrong comes first when something is."""
    name = subject.drill.name
    if result is Result.PASS:
        return f"{name} passed: {_passed(subject, facts)}"
    words = {Result.FAIL: "failed", Result.INCONCLUSIVE: "is inconclusive"}
    return f"{name} {words[result]}: {_complaints([c for c in checks if c.result is result])}"


def _passed(subject: Subject, facts: Mapping[str, float | None]) -> str:
    if isinstance(subject.drill, Dialogue):
        turns = count(int(facts["turns"] or 0), "turn")
        return f"{turns}, each as it should be, the slowest in {duration((facts['slowest_ms'] or 0) / 1000)}"
    if isinstance(subject.drill, Storm):
        return _stood(subject, facts)
    return _stepped_aside(subject, facts) if subject.outage.by_hand else _success(subject, facts)


def _stood(subject: Subject, facts: Mapping[str, float | None]) -> str:
    healthy = subject.drill.pages == NOBODY  # what is broken there is meant to be nothing
    hit = count(int(facts["hits"]), "bad answer") if facts["hits"] and not healthy else subject.drill.title
    downs = int(facts["downgrades"] or 0)
    nerve = "the guard stayed in read_write" if not downs else f"{count(downs, 'downgrade')}, as it should be"
    errors = count(int(facts["user_errors"] or 0), "error")
    if subject.storm.emptied_s is not None:
        waited = count(int(facts["waited"] or 0), "write")
        nerve += f", {waited} waited and were in Zep {duration(facts['emptied_s'])} after the heal"
    if facts.get("pages") is not None:
        nerve += f", {count(int(facts['pages'] or 0), 'page')} fired"
    return f"{hit}: {nerve}, users saw {errors} and a p95 of {duration((facts['p95_ms'] or 0) / 1000)}"


def _stepped_aside(subject: Subject, facts: Mapping[str, float | None]) -> str:
    errors = count(int(facts["user_errors"] or 0), "error")
    return (
        f"one command moved {_workers(len(subject.evidence.workers))} to {subject.outage.mode}, one brought "
        f"reads back in {duration(facts['recover_s'])}; users saw {errors}"
    )


def _success(subject: Subject, facts: Mapping[str, float | None]) -> str:
    evidence = subject.evidence
    noun = "unanswered read" if evidence.link_fault else "bad answer"
    bad = count(sum(hit <= evidence.degraded_at for hit in evidence.hits), noun)
    errors = count(int(facts["user_errors"] or 0), "error")
    return (
        f"{bad} moved {_workers(len(evidence.workers))} to write_only in {duration(facts['downgrade_s'])}; "
        f"no read reached Zep meanwhile and users saw {errors}; "
        f"{_way_back(subject)} {duration(facts['recover_s'])} after {_last_obstacle(subject)}"
        f"{_paged(subject, facts)}"
    )


def _paged(subject: Subject, facts: Mapping[str, float | None]) -> str:
    wanted = subject.drill.pages
    if wanted is None:
        return ""
    if wanted == NOBODY:
        return "; nobody was paged"
    return f"; {wanted.alert} paged as {wanted.severity} in {duration(facts['page_s'])}, and ended"


def _way_back(subject: Subject) -> str:
    failed = len(subject.evidence.failed_probes)
    if not failed:
        return "one probe brought reads back"
    return f"{count(failed, 'probe')} met the fault and held again, the next brought reads back"


def _last_obstacle(subject: Subject) -> str:
    return "the heal" if subject.evidence.possible_at == subject.evidence.healed_at else "the hold was over"


def _workers(number: int) -> str:
    return {0: "the application", 1: "its worker", 2: "both workers"}.get(number, f"all {number} workers")


def _complaints(checks: Sequence[Check]) -> str:
    told = "; ".join(complaint(check) for check in checks[:SHOWN])
    more = len(checks) - SHOWN
    return f"{told}; and {more} more" if more > 0 else told


def complaint(check: Check) -> str:
    """Say what is wrong with one check, with its figures."""
    if check.why:
        return f"{check.name}: {check.why}"
    unit = f" {check.unit}" if check.unit else ""
    return f"{check.name}: {check.measured}{unit} against {check.budget}{unit}"


def count(number: int, noun: str) -> str:
    """Write a number of things: no error, one error, two errors, 11 errors."""
    word = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return f"{word} {noun}" if number in (0, 1) else f"{word} {noun}s"


def duration(seconds: float | None) -> str:
    """Write seconds so that they can be read: 8 ms, 0.29 s."""
    if seconds is None:
        return "an unknown time"
    return f"{seconds * 1000:.0f} ms" if seconds < MS_BELOW_S else f"{seconds:.2f} s"
