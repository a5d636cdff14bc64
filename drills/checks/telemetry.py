"""Do the operations command and the metrics tell the same story as the answers?"""

from __future__ import annotations

from typing import Any

from drills.checks.check import Check, Result, Subject, fact, unknown
from drills.checks.recovery import PROBE_FAILED
from drills.evidence import READ_WRITE
from drills.scenario import Drill, Outage

OFF, WRITE_ONLY = "off", "write_only"
Values = dict[str, float]


def status_agrees(subject: Subject) -> Check:
    """`--status --json` while degraded and after."""
    name = "status_agrees"
    asked = (
        ("degraded", "after") if isinstance(subject.drill, Outage) and not subject.drill.alone else ("after",)
    )
    for at in asked:
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
    mode = subject.outage.mode
    return [(mode, subject.outage.reason), *([(mode, PROBE_FAILED)] if failed else [])]


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
        *_gauge_wrong("degraded", degraded, subject.outage.mode),
        *_gauge_wrong("after", after, READ_WRITE),
    ]
    return fact(name, holds=not wrong, why="; ".join(wrong))


def _counted_wrong(subject: Subject, before: Values, after: Values) -> list[str]:
    if subject.outage.alone or subject.drill.restarts:
        return []  # every process counts its own, and one that is killed takes what it has not shown with it
    wrong = []
    for reason, times in _expected_downgrades(subject).items():
        key = f'memory_zep_downgrades_total{{reason="{reason}"}}'
        counted = after.get(key, 0) - before.get(key, 0)
        if counted != times:
            wrong.append(f"{key} moved by {counted:g} instead of {times}")
    failures = _total("memory_zep_context_failures_total", after)
    fails = subject.outage.reads_fail and not subject.outage.by_hand
    if fails and failures - _total("memory_zep_context_failures_total", before) < 1:
        wrong.append("memory_zep_context_failures_total did not move")
    return wrong


def _expected_downgrades(subject: Subject) -> dict[str, int]:
    own = 0 if subject.outage.by_hand else 1
    return {subject.outage.reason: own, PROBE_FAILED: len(subject.evidence.failed_probes)}


def _gauge_wrong(at: str, values: Values, mode: str) -> list[str]:
    shown = {m: values.get(f'memory_mode_gauge{{mode="{m}"}}') for m in (OFF, WRITE_ONLY, READ_WRITE)}
    right = {m: 1.0 if m == mode else 0.0 for m in shown}
    return [] if shown == right else [f"{at}: memory_mode_gauge does not show {mode}"]


def _total(name: str, values: Values) -> float:
    return sum(value for key, value in values.items() if key == name or key.startswith(name + "{"))


def status_complete(subject: Subject) -> Check:
    """`--status --json` says all that the contract names."""
    name = "status_complete"
    line = subject.evidence.first("status", at="degraded")
    if line is None or line.get("error"):
        return unknown(name, "the operations command gave no status")
    status = line["values"]
    missing = sorted(STATUS - status.keys()) + sorted(FORCED - (status.get("forced") or {}).keys())
    return fact(name, holds=not missing, why=f"no {', '.join(missing)}")


def metrics_complete(subject: Subject) -> Check:
    """Every series that dashboards and alerts are built on is there, from a worker's start on."""
    name = "metrics_complete"
    found = subject.evidence.metrics("during") or subject.evidence.metrics("after")
    if not found:
        return unknown(name, "no metrics")
    missing = [
        key for key in _expected_series(subject.drill) if not any(shown.startswith(key) for shown in found)
    ]
    return fact(name, holds=not missing, why=f"not exported: {', '.join(missing)}")


def _expected_series(drill: Drill) -> tuple[str, ...]:
    if not isinstance(drill, Outage) or drill.by_hand:
        return EXPORTED
    return (*EXPORTED, *OF_A_DOWNGRADE, *(OF_FAILED_READS if drill.reads_fail else ()))


STATUS = {
    "base_mode",
    "effective_mode",
    "phase",
    "forced",
    "consecutive_failures",
    "probe_lease",
    "write_breaker",
    "store",
    "auto_downgrade",
    "outbox",
}
FORCED = {"mode", "reason", "remaining_s", "forced_at", "by", "epoch"}
EXPORTED = (
    *(f'memory_mode_gauge{{mode="{mode}"}}' for mode in (OFF, WRITE_ONLY, READ_WRITE)),
    "memory_zep_read_requests_total",
    "memory_zep_read_latency_seconds",
    "memory_zep_write_requests_total",
    "memory_zep_write_success_total",
    "memory_zep_write_latency_seconds",
    "memory_zep_context_requests_total",
    "memory_zep_context_cache_hits_total",
)
"""What the seed's dashboards query and every minute of traffic moves."""
OF_A_DOWNGRADE = (
    "memory_zep_downgrades_total",
    "memory_zep_read_skipped_total",
    'circuit_open_total{component="zep"}',
    "circuit_events_total",
)
"""Series that begin with the first downgrade."""
OF_FAILED_READS = ("memory_zep_context_failures_total", "memory_zep_read_failures_total")
"""Series that begin with the first read that failed: too slow is not yet failed."""
