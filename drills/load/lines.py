"""The lines that a load writes, whichever generator sends it: the journal's."""

from __future__ import annotations

import json
import sys
from typing import Any

ON_TIME_S = 0.1
"""A request sent later than this after its slot is not the schedule's load any more."""
TRACED = ("mode", "source", "used", "reason")


class Slots:
    """Counts how many requests were due, and how many left on time."""

    def __init__(self) -> None:
        self.intended = 0
        self.on_time = 0
        self.slip_s = 0.0

    def sent(self, slip_s: float) -> None:
        """Count a request that left so late."""
        self.add(1, int(slip_s <= ON_TIME_S), slip_s)

    def add(self, intended: int, on_time: int, slip_s: float) -> None:
        """Add what was counted elsewhere."""
        self.intended += intended
        self.on_time += on_time
        self.slip_s = max(self.slip_s, slip_s)

    def summary(self, t_s: float) -> dict[str, Any]:
        """Return the last line: how many were due, how many left on time, the worst delay."""
        return {
            "kind": "load",
            "t": round(t_s, 4),
            "intended": self.intended,
            "sent": self.on_time,
            "slip_ms": round(self.slip_s * 1000, 1),
        }


def request(t_s: float, ms: float, status: int | None, error: str | None, body: object) -> dict[str, Any]:
    """Return the line of one request; `t_s` is when it was due, `ms` counts from then."""
    return {
        "t": round(t_s, 4),
        "kind": "request",
        "status": status,
        "ms": round(ms, 2),
        "worker": None,
        **dict.fromkeys(TRACED),
        **_traced(body),
        "error": error,
    }


def say(line: dict[str, Any]) -> None:
    """Write a line to stdout."""
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _traced(body: object) -> dict[str, Any]:
    """Pick what the journal keeps from an answer; anything may be missing."""
    try:
        trace = body["trace"]  # type: ignore[index]  # whatever an application answers
        memory, worker = trace["memory"], trace.get("worker")
        return {"worker": None if worker is None else str(worker), **{k: memory.get(k) for k in TRACED}}
    except (KeyError, TypeError, AttributeError):
        return {}
