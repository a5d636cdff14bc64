"""Through a storm: did the guard keep its nerve, and did users notice?"""

from __future__ import annotations

import math
from itertools import pairwise

from drills.checks.check import Check, Result, Subject, at_most, fact, unknown
from drills.checks.telemetry import WRITE_ONLY
from drills.evidence import OK, READ_WRITE, Upstream, fine

TRIP_AFTER = 3
"""Failures in a row that must trip: the seed's number."""
FAILURE = range(500, 600)
TIMED_OUT = 408
MEMORY_SHARE = 0.98
SAME_TIME_S = 0.02
"""Answers this close together may have been counted in another order by processes that share a machine."""


def downgrades(subject: Subject) -> Check:
    """How often it stepped down; not at all, or as the drill allows."""
    name, storm = "downgrades", subject.storm
    if storm.by_log:
        return as_logged(subject)
    return at_most(name, subject.evidence.downgrades(), storm.downgrades, "downgrades", missing="")


def as_logged(subject: Subject) -> Check:
    """It trips when three failures in a row came, and only then; the gateway's log says when that was."""
    name, evidence = "downgrades", subject.evidence
    due_at, ambiguous = _due_at([u for u in evidence.upstream if u.op == "read"])
    tripped_at = evidence.degraded_at
    if math.isinf(due_at):
        why = "it stepped down without three failures in a row"
        return fact(name, holds=not evidence.degraded, expected="none due", measured="none", why=why)
    late_s, budget_s = tripped_at - due_at, subject.budgets.downgrade_s
    if late_s < -SAME_TIME_S and not ambiguous:
        return Check(name, Result.FAIL, why="it stepped down before three failures in a row")
    missing = "three failures in a row and no downgrade"
    return at_most(name, None if math.isinf(late_s) else max(0.0, late_s), budget_s, "s", missing=missing)


def _due_at(reads: list[Upstream]) -> tuple[float, bool]:
    """When the third failure in a row was answered, and whether two answers came too close to be sure."""
    row: list[Upstream] = []
    answered = sorted((read for read in reads if read.status is not None), key=lambda read: read.done)
    close = [before.done for before, after in pairwise(answered) if after.done - before.done < SAME_TIME_S]
    for read in answered:
        row = [*row, read] if _failed(read) else []
        if len(row) == TRIP_AFTER:
            return read.done, any(at <= read.done for at in close)
    return math.inf, bool(close)


def _failed(read: Upstream) -> bool:
    return read.status in FAILURE or read.status == TIMED_OUT


def ends_in_read_write(subject: Subject) -> Check:
    """When all is over every worker reads."""
    last = {a.worker: a for a in subject.evidence.answers if a.mode}
    gone = [
        w for w, a in last.items() if subject.drill.restarts and a.end < (subject.evidence.healed_at or 0)
    ]
    astray = sorted(str(w) for w, a in last.items() if a.mode != READ_WRITE and w not in gone)
    return fact("ends_in_read_write", holds=not astray, why=f"not in read_write: worker {', '.join(astray)}")


def memory_kept(subject: Subject) -> Check:
    """Users got memory with their answers all the time."""
    answers = [a for a in subject.evidence.while_broken if a.status == OK]
    if not answers:
        return unknown("memory_kept", "no answer while it was broken")
    share = sum(a.used for a in answers) / len(answers)
    result = Result.PASS if share >= MEMORY_SHARE else Result.FAIL
    why = "" if result is Result.PASS else f"{share:.0%} of the answers had memory"
    return Check("memory_kept", result, round(share, 3), MEMORY_SHARE, "share", why)


def p95(subject: Subject) -> Check:
    """Chat stays fast."""
    measured = p95_ms(subject)
    if measured is None:
        return unknown("p95", "no answer while it was broken")
    return at_most("p95", measured, subject.budgets.degraded_p95_ms, "ms", missing="")


def writes_counted(subject: Subject) -> Check:
    """Writes that fail are counted, and the write breaker opens."""
    name, evidence = "writes_counted", subject.evidence
    before, after, status = (
        evidence.metrics("before"),
        evidence.metrics("after"),
        evidence.first("status", at="during"),
    )
    if before is None or after is None or status is None:
        return unknown(name, "no metrics, or no status")
    failed = "memory_zep_write_failures_total"
    moved = {
        key
        for key in after
        if key.startswith((failed, "circuit_open_total")) and after[key] > before.get(key, 0)
    }
    wrong = [] if any(key.startswith(failed) for key in moved) else [f"{failed} did not move"]
    wrong += (
        [] if any(key.startswith("circuit_open") for key in moved) else ["circuit_open_total did not move"]
    )
    if status.get("values", {}).get("write_breaker") != "open":
        wrong.append("--status does not say that the write breaker is open")
    return fact(name, holds=not wrong, why="; ".join(wrong))


def writes_spared(subject: Subject) -> Check:
    """An open breaker lets few writes through to a Zep that refuses them."""
    evidence = subject.evidence
    writes = [u for u in evidence.upstream if u.op == "write"]
    turns = sum(a.status == OK for a in evidence.while_broken)
    tried = sum(u.fault is not None for u in writes)
    return at_most("writes_spared", tried, max(20.0, turns / 2), "writes", missing="")


def writes_resumed(subject: Subject) -> Check:
    """Zep takes writes again."""
    healed_at = subject.evidence.healed_at or math.inf
    back = [
        u.done for u in subject.evidence.upstream if u.op == "write" and fine(u.status) and u.t > healed_at
    ]
    took_s = min(back) - healed_at if back else None
    budget_s = subject.evidence.hold_s + subject.budgets.recover_s
    return at_most("writes_resumed", took_s, budget_s, "s", missing="no write was stored after the heal")


def p95_ms(subject: Subject) -> float | None:
    times = sorted(a.ms for a in subject.evidence.while_broken)
    return times[math.ceil(0.95 * len(times)) - 1] if times else None


def stayed_quiet(subject: Subject) -> Check:
    """No downgrade was counted where none was due, and the gauge shows all three modes."""
    name = "metrics_agree"
    before, after = subject.evidence.metrics("before"), subject.evidence.metrics("after")
    if before is None or after is None:
        return unknown(name, "no metrics before or after")
    counted = sum(
        after[key] - before.get(key, 0) for key in after if key.startswith("memory_zep_downgrades_total")
    )
    quiet = not subject.evidence.downgrades()
    wrong = [f"{counted:g} downgrades counted where none was seen"] if quiet and counted else []
    gauge = {m: after.get(f'memory_mode_gauge{{mode="{m}"}}') for m in ("off", WRITE_ONLY, READ_WRITE)}
    if gauge != {"off": 0.0, WRITE_ONLY: 0.0, READ_WRITE: 1.0}:
        wrong.append("memory_mode_gauge does not show read_write and the two others")
    return fact(name, holds=not wrong, why="; ".join(wrong))
