"""From the first bad answer to the heal: did the guard step aside, everywhere, and did users notice?"""

from __future__ import annotations

import math

from drills.checks.check import Check, Result, Subject, at_most, fact, unknown
from drills.evidence import OK, READ_WRITE, SETTLED_S, fine

ALONE_S = 1.0
"""Without Redis each worker must meet its own failures first."""
WRITTEN_S = 0.5
"""What was queued before a mode was forced may still leave."""
FALLBACK_ANSWERS = 5
"""Answers without memory that must be seen, so that the fallback counts as exercised."""


def downgrade(subject: Subject) -> Check:
    """Time from the first hit to the first sign of the downgrade."""
    bad = len(subject.evidence.hits)
    missing = f"none after {bad} bad answer{'s' if bad > 1 else ''}"
    return at_most("downgrade", since_first_hit(subject), subject.budgets.downgrade_s, "s", missing=missing)


def reason(subject: Subject) -> Check:
    """The guard names the cause."""
    evidence = subject.evidence
    until = min((p.t for p in evidence.failed_probes), default=math.inf)
    given = sorted({str(a.reason) for a in evidence.while_degraded if a.degraded and a.end < until})
    if not given:
        return unknown("reason", "no answer while degraded gave one")
    expected = subject.outage.reason
    measured = ", ".join(given)
    return fact(
        "reason", holds=given == [expected], measured=measured, expected=expected, why=f"gave {measured}"
    )


def mode(subject: Subject) -> Check:
    """It stepped down to the mode that it should, and no further."""
    shown = sorted({str(a.mode) for a in subject.evidence.while_degraded if a.degraded})
    expected, measured = subject.outage.mode, ", ".join(shown)
    return fact(
        "mode", holds=shown in ([], [expected]), measured=measured, expected=expected, why=f"was {measured}"
    )


def failures_needed(subject: Subject) -> Check:
    """It did not step aside sooner than its threshold allows."""
    failed = sum(hit <= subject.evidence.degraded_at for hit in subject.evidence.hits)
    needed = subject.outage.needs_failures
    result = Result.PASS if failed >= needed else Result.FAIL
    why = "" if result is Result.PASS else "downgraded on fewer bad answers than it should"
    return Check("failures_needed", result, failed, needed, "bad answers", why)


def every_worker_degraded(subject: Subject) -> Check:
    """Each process that answers users stepped aside, and stayed aside."""
    name, evidence = "every_worker_degraded", subject.evidence
    if not evidence.workers:
        return unknown(name, "answers carry no trace.worker")
    since = evidence.degraded_at + (ALONE_S if subject.outage.alone else 0)
    astray = sorted(
        {a.worker for a in evidence.while_degraded if a.mode == READ_WRITE and a.worker and a.start > since}
    )
    if astray:
        return Check(name, Result.FAIL, why=f"still in read_write: worker {', '.join(astray)}")
    seen = {worker: _degraded_at(subject, worker) for worker in evidence.workers}
    silent = [worker for worker, at in seen.items() if at is None]
    if silent and not subject.drill.restarts:
        return unknown(name, f"no answer while degraded from worker {', '.join(silent)}")
    answered_before = {a.worker for a in evidence.answers if a.start < _first_hit(subject)}
    took = [at for worker, at in seen.items() if at is not None and worker in answered_before]
    took_s = max(took, default=math.inf) - _first_hit(subject)
    return at_most(name, max(0.0, took_s), subject.budgets.downgrade_s, "s", missing="")


def reads_while_degraded(subject: Subject) -> Check:
    """Nothing but probes asks Zep for context, from 100 ms after the downgrade on."""
    return at_most("reads_while_degraded", leaked_reads(subject), 0, "reads", missing="")


def fallback_exercised(subject: Subject) -> Check:
    """Users really were answered without memory."""
    count = sum(a.status == OK and not a.used and a.degraded for a in subject.evidence.while_degraded)
    result = Result.PASS if count >= FALLBACK_ANSWERS else Result.INCONCLUSIVE
    why = "" if result is Result.PASS else "too few answers without memory to judge the fallback"
    return Check("fallback_exercised", result, count, FALLBACK_ANSWERS, "answers", why)


def writes_stored(subject: Subject) -> Check:
    """What users say is still stored while reads are off."""
    evidence = subject.evidence
    writes = [u for u in evidence.upstream if u.op == "write" and _in_window(subject, u.t)]
    stored = sum(fine(u.status) for u in writes)
    result = Result.PASS if stored and stored == len(writes) else Result.FAIL
    why = "" if result is Result.PASS else f"{stored} of {len(writes)} writes were stored"
    return Check("writes_stored", result, stored, len(writes), "writes", why)


def writes_stopped(subject: Subject) -> Check:
    """What is switched off sends nothing."""
    sent = sum(u.op == "write" and _in_window(subject, u.t, WRITTEN_S) for u in subject.evidence.upstream)
    return at_most("writes_stopped", sent, 0, "writes", missing="")


def user_errors(subject: Subject) -> Check:
    """Users get an answer, always; but for those whose process was killed under them."""
    allowed = subject.budgets.user_errors + subject.drill.tolerates
    return at_most("user_errors", failed_answers(subject), allowed, "errors", missing="")


def degraded_p95(subject: Subject) -> Check:
    """Answers stay fast without memory."""
    p95 = degraded_p95_ms(subject)
    if p95 is None:
        return unknown("degraded_p95", "no answer while degraded")
    return at_most("degraded_p95", p95, subject.budgets.degraded_p95_ms, "ms", missing="")


# figures that the report shows too


def since_first_hit(subject: Subject) -> float | None:
    evidence = subject.evidence
    if not evidence.degraded or _first_hit(subject) == math.inf:
        return None
    return max(0.0, evidence.degraded_at - _first_hit(subject))


def leaked_reads(subject: Subject) -> int | None:
    if not subject.evidence.degraded:
        return None
    settled_s = ALONE_S if subject.outage.alone else SETTLED_S
    return sum(u.op == "read" and _in_window(subject, u.t, settled_s) for u in subject.evidence.upstream)


def failed_answers(subject: Subject) -> int:
    return sum(a.status != OK for a in subject.evidence.answers)


def degraded_p95_ms(subject: Subject) -> float | None:
    times = sorted(a.ms for a in subject.evidence.asked_while_degraded)
    return times[math.ceil(0.95 * len(times)) - 1] if times else None


def _in_window(subject: Subject, t: float, settled_s: float = SETTLED_S) -> bool:
    return subject.evidence.degraded_at + settled_s < t < subject.evidence.window_end


def _first_hit(subject: Subject) -> float:
    forced_at = subject.evidence.forced_at
    return min(subject.evidence.hits, default=math.inf if forced_at is None else forced_at)


def _degraded_at(subject: Subject, worker: str) -> float | None:
    own = (a for a in subject.evidence.answers if a.worker == worker and a.degraded)
    return min((a.end for a in own if a.end >= subject.evidence.degraded_at), default=None)
