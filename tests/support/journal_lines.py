"""Journal lines as a run would write them, for verdicts on journals made by hand."""

from __future__ import annotations

from typing import Any

from drills.checks.telemetry import EXPORTED, OF_A_DOWNGRADE, OF_FAILED_READS


def request(t: float, worker: str, mode: str, *, ms: float = 5.0, **fields: Any) -> dict[str, Any]:
    used = mode == "read_write"
    base = {"status": 200, "ms": ms, "source": "zep" if used else "write_only_forced", "used": used}
    reason = None if used else "auth"
    return (
        {"t": t, "kind": "request", "worker": worker, "mode": mode, "reason": reason, "error": None}
        | base
        | fields
    )


def upstream(t: float, op: str, status: int = 200, fault: str | None = None) -> dict[str, Any]:
    return {"t": t, "kind": "upstream", "op": op, "status": status, "fault": fault, "ms": 2.0}


def metrics(t: float, at: str, mode: str, downgrades: int, failures: int) -> dict[str, Any]:
    values: dict[str, float] = {
        f'memory_mode_gauge{{mode="{m}"}}': float(m == mode) for m in ("off", "write_only", "read_write")
    }
    values['memory_zep_downgrades_total{reason="auth"}'] = downgrades
    values['memory_zep_context_failures_total{reason="auth"}'] = failures
    for name in (*EXPORTED, *OF_A_DOWNGRADE, *OF_FAILED_READS):
        if not any(key.startswith(name) for key in values):
            values[name] = 1.0
    return {"t": t, "kind": "metrics", "at": at, "values": values}


def status(t: float, at: str, mode: str, reason: str | None) -> dict[str, Any]:
    forced = {"mode": mode, "reason": reason} if reason else None
    return {"t": t, "kind": "status", "at": at, "values": {"effective_mode": mode, "forced": forced}}
