"""Do the operations command and the metrics tell the same story as the answers?"""

from __future__ import annotations

from typing import Any

from drills.checks.check import Check, Result, Subject, fact, unknown
from drills.checks.recovery import PROBE_FAILED
from drills.evidence import READ_WRITE

WRITE_ONLY = "write_only"
Values = dict[str, float]


def status_agrees(subject: Subject) -> Check:
    """`--status --json` while degraded and after."""
    name = "status_agrees"
    for at in ("degraded", "after"):
        line = subject.evidence.first("status", at=at)
        if line is None:
            return unknown(name, f"the operations command was not asked {at}")
        if line.get("error"):
            return unknown(name, f"the operations command gave no status: {line['error']}")
        wrong = _status_wrong(subject, line)
        if wrong:
            return Check(name, Result.FAIL, why=f"{at}: {wrong}")
    return fact(name, holds=True)


def _status_wrong(subject: Subject, line: dict[str, Any]) -> str:
    status = line["values"]
    forced = status.get("forced") or {}
    found = (status.get("effective_mode"), forced.get("reason"))
    wanted = [(READ_WRITE, None)] if line["at"] == "after" else _degraded_status(subject, float(line["t"]))
    return "" if found in wanted else f"says {_said(found)} instead of {_said(wanted[0])}"


def _degraded_status(subject: Subject, answered_at: float) -> list[tuple[str, str]]:
    """A command that was slow may have met the state after a failed probe."""
    failed = any(probe.done <= answered_at for probe in subject.evidence.failed_probes)
    return [(WRITE_ONLY, subject.drill.reason), *([(WRITE_ONLY, PROBE_FAILED)] if failed else [])]


def _said(found: tuple[Any, Any]) -> str:
    mode, reason = found
    return f"{mode} (reason {reason})" if reason else f"{mode}"


def metrics_agree(subject: Subject) -> Check:
    """One downgrade counted for the fleet, failures counted, and the mode gauge on the right mode."""
    name = "metrics_agree"
    values = {at: subject.evidence.metrics(at) for at in ("before", "degraded", "after")}
    missing = [at for at, found in values.items() if not found]
    if missing:
        return unknown(name, f"no metrics {', '.join(missing)}")
    before, degraded, after = (found or {} for found in values.values())
    wrong = [
        *_counted_wrong(subject, before, after),
        *_gauge_wrong("degraded", degraded, WRITE_ONLY),
        *_gauge_wrong("after", after, READ_WRITE),
    ]
    return fact(name, holds=not wrong, why="; ".join(wrong))


def _counted_wrong(subject: Subject, before: Values, after: Values) -> list[str]:
    wrong = []
    for reason, times in _expected_downgrades(subject).items():
        key = f'memory_zep_downgrades_total{{reason="{reason}"}}'
        counted = after.get(key, 0) - before.get(key, 0)
        if counted != times:
            wrong.append(f"{key} moved by {counted:g} instead of {times}")
    failures = _total("memory_zep_context_failures_total", after)
    if failures - _total("memory_zep_context_failures_total", before) < 1:
        wrong.append("memory_zep_context_failures_total did not move")
    return wrong


def _expected_downgrades(subject: Subject) -> dict[str, int]:
    return {subject.drill.reason: 1, PROBE_FAILED: len(subject.evidence.failed_probes)}


def _gauge_wrong(at: str, values: Values, mode: str) -> list[str]:
    shown = {m: values.get(f'memory_mode_gauge{{mode="{m}"}}') for m in (WRITE_ONLY, READ_WRITE)}
    right = {m: 1.0 if m == mode else 0.0 for m in shown}
    return [] if shown == right else [f"{at}: memory_mode_gauge does not show {mode}"]


def _total(name: str, values: Values) -> float:
    return sum(value for key, value in values.items() if key == name or key.startswith(name + "{"))
