"""From the heal on: one careful question, then reads again on every worker."""

from __future__ import annotations

import math

from drills.checks.check import Check, Result, Subject, at_most, fact, unknown
from drills.evidence import HOLD_SLACK, OK, READ_WRITE, fine

PROBE_FAILED = "probe_failed"


def held_again(subject: Subject) -> Check:
    """A probe that fails begins another hold, and says so."""
    if not subject.outage.hold_again:
        return Check(
            "held_again", Result.PASS, "not asked", why="the fault was healed before the first probe"
        )
    failed = subject.evidence.failed_probes
    since = min((p.t for p in failed), default=math.inf)
    said = any(a.degraded and a.reason == PROBE_FAILED and a.end >= since for a in subject.evidence.answers)
    why = "no probe met the fault" if not failed else f"no answer gave the reason {PROBE_FAILED}"
    return fact("held_again", holds=bool(failed) and said, expected=PROBE_FAILED, why=why)


def probes(subject: Subject) -> Check:
    """Exactly one probe for each hold that lapsed, none before."""
    name, evidence = "probes", subject.evidence
    if subject.outage.by_hand:
        return at_most(name, len(evidence.probes), 0, "probes", missing="")
    lapses = evidence.lapses()
    early = evidence.probes and evidence.probes[0].t < evidence.degraded_at + evidence.hold_s * HOLD_SLACK
    if early:
        return Check(name, Result.FAIL, why="a probe came before the hold was over")
    most = max(lapses, default=0)
    why = "" if lapses else "no probe came"
    if len(lapses) > len(evidence.failed_probes) + len(evidence.dead_probes) + 1:
        why = "a probe came after reads were back"
    result = Result.PASS if most == 1 and not why else Result.FAIL
    return Check(name, result, most, 1, "a lapse", why)


def recover(subject: Subject) -> Check:
    """Time from the moment recovery became possible to the first answer in read_write."""
    took_s = to_recover_s(subject)
    return at_most("recover", took_s, subject.budgets.recover_s, "s", missing="reads never came back")


def every_worker_recovered(subject: Subject) -> Check:
    """Each process reads again."""
    name, evidence = "every_worker_recovered", subject.evidence
    if not evidence.workers:
        return unknown(name, "answers carry no trace.worker")
    last = 0.0
    for worker in evidence.workers:
        own = [a for a in evidence.after if a.worker == worker]
        back = min((a.end for a in own if a.mode == READ_WRITE), default=None)
        if back is None and not own and subject.drill.restarts:
            continue  # it was killed
        if back is None and not own:
            return unknown(name, f"no answer after the heal from worker {worker}")
        if back is None:
            return Check(name, Result.FAIL, why=f"worker {worker} never came back")
        last = max(last, back)
    took_s = max(0.0, last - evidence.possible_at)
    return at_most(name, took_s, subject.budgets.recover_s, "s", missing="")


def reads_resumed(subject: Subject) -> Check:
    """Zep answers reads again, and users get memory with their answers."""
    evidence = subject.evidence
    since = evidence.restored_at
    if since is None:
        return fact("reads_resumed", holds=False, why="reads never came back")
    read = sum(u.op == "read" and fine(u.status) and u.done >= since for u in evidence.upstream)
    used = sum(a.status == OK and a.used and a.source == "zep" and a.end >= since for a in evidence.answers)
    why = f"{read} reads answered by Zep, {used} answers with memory"
    return fact("reads_resumed", holds=read > 0 and used > 0, measured=why, why=why)


def to_recover_s(subject: Subject) -> float | None:
    """Return what `recover` measures; None when there was no recovery (or no downgrade)."""
    restored_at = subject.evidence.restored_at
    if restored_at is None or not subject.evidence.degraded:
        return None
    return max(0.0, restored_at - subject.evidence.possible_at)
