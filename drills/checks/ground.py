"""The ground a drill stands on.  Where it is missing nothing can be concluded; and the undo."""

from __future__ import annotations

from collections.abc import Sequence

from drills.checks.check import Check, Result, Subject, fact, unknown
from drills.evidence import OK, READ_WRITE, Answer
from drills.scenario import Storm

REFUSED = (401, 403)
ARRIVALS = 0.99
"""Below this share of the intended requests the load was not the one asked for."""
BUSY = 0.6
"""Share of the time in which something waited for a CPU.  On two cores with nothing else to do a drill makes
0.2 to 0.5 of it; from 0.6 on drills of a sound guard were seen to fail."""
UNDO = "undo_verified"
STOP = "stop_condition"


def marker(subject: Subject) -> Check:
    """The target is the one that may be broken."""
    note = subject.evidence.first("marker")
    if note is None:
        return unknown("marker", "the marker was not looked at")
    if note.get("ok"):
        return fact("marker", holds=True)
    return unknown("marker", str(note.get("text", "the marker is not the expected one")))


def steady_state(subject: Subject) -> Check:
    """Before the fault users got answers with memory."""
    steady = subject.evidence.first("steady")
    if steady is None:
        return unknown("steady_state", "not reached: " + _complaint(subject))
    return fact("steady_state", holds=True)


def arrivals(subject: Subject) -> Check:
    """The load arrived as intended."""
    summary = subject.evidence.first("load")
    if summary is None or not summary["intended"]:
        return unknown("arrivals", "the load generator ended without a summary")
    share = summary["sent"] / summary["intended"]
    result = Result.PASS if share >= ARRIVALS else Result.INCONCLUSIVE
    why = (
        "" if result is Result.PASS else f"requests left up to {summary['slip_ms']} ms late: a busy machine?"
    )
    return Check("arrivals", result, round(share, 4), ARRIVALS, "share", why)


def fault_hit(subject: Subject) -> Check:
    """The fault took effect."""
    evidence = subject.evidence
    if evidence.applied_at is None:
        return unknown("fault_hit", "no fault was applied")
    if not evidence.hits and not evidence.confirmed:
        return unknown("fault_hit", "the fault was applied and hit no request")
    untouched = _untouched(subject)
    if evidence.link_fault and untouched:
        text = f"{untouched} answers still brought memory from Zep: is the target behind this proxy?"
        return unknown("fault_hit", text)
    many = isinstance(subject.drill, Storm) and not evidence.confirmed and not evidence.degraded
    wanted = subject.storm.hits if many else 1
    result = Result.PASS if len(evidence.hits) + len(evidence.confirmed) >= wanted else Result.INCONCLUSIVE
    why = "" if result is Result.PASS else "too few requests were hit to conclude anything"
    return Check("fault_hit", result, len(evidence.hits) or None, wanted, "requests", why)


def undo_verified(subject: Subject) -> Check:
    """Every fault that was armed was seen to be gone."""
    verified = {line.get("name") for line in subject.evidence.of("heal_verified")}
    left = sorted({str(line.get("name")) for line in subject.evidence.of("fault_armed")} - verified)
    return fact(UNDO, holds=not left, why="not seen to be healed: " + ", ".join(left))


def stop_condition(subject: Subject) -> Check:
    """The drill was not cut short to spare the users."""
    stopped = subject.evidence.first("stop")
    return fact(STOP, holds=stopped is None, why="" if stopped is None else str(stopped.get("text")))


def _untouched(subject: Subject) -> int:
    """Answers with fresh memory that began and ended while the link was broken."""
    evidence = subject.evidence
    begin = evidence.applied_at if evidence.applied_at is not None else float("inf")
    end = evidence.healed_at if evidence.healed_at is not None else float("inf")
    fresh = (a for a in evidence.answers if a.used and a.source == "zep")
    return sum(begin < a.start and a.end < end for a in fresh)


def _complaint(subject: Subject) -> str:
    answers = subject.evidence.answers
    if not answers:
        return "no answer came"
    bad = next((a for a in reversed(answers) if not _steady(a)), None)
    if bad is None:
        return "too few answers"
    if bad.status is None:
        return "chat does not answer: is the target up?"
    if bad.status in REFUSED:
        return f"chat answers {bad.status}: is the target's bearer token right?"
    return f"an answer with status {bad.status}, mode {bad.mode}, source {bad.source}, memory {bad.used}"


def _steady(answer: Answer) -> bool:
    return answer.status == OK and answer.mode == READ_WRITE and answer.used


def machine(subject: Subject, told: Sequence[Check]) -> list[Check]:
    """Where everything runs on one machine that was too busy, a failure proves nothing; all else stands."""
    line = subject.evidence.first("machine")
    waited = (line or {}).get("waited")
    if waited is None or waited <= BUSY or all(check.result is not Result.FAIL for check in told):
        return []
    why = f"too busy to prove a failure: something waited for a CPU {waited:.0%} of the time"
    return [Check("machine", Result.INCONCLUSIVE, waited, BUSY, "share", why)]
