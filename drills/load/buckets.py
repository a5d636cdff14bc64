"""Requests counted by the 100 ms in which they were due: small enough to keep for days and to send around."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

BUCKET_MS = 100
Counts = dict[str, dict[str, Any]]


class Buckets:
    """Latencies are counted by the whole millisecond."""

    def __init__(self) -> None:
        self._ms: dict[int, Counter[int]] = defaultdict(Counter)
        self._errors: Counter[int] = Counter()

    def add(self, t_s: float, ms: float, *, ok: bool) -> None:
        """Count a request that began at `t_s`."""
        at = int(t_s * 1000) // BUCKET_MS
        self._ms[at][round(ms)] += 1
        self._errors[at] += not ok

    def drain(self) -> Counts:
        """Return all, JSON-ready for `merge`, and forget it."""
        found: Counts = {str(at): {"ms": dict(ms), "errors": self._errors[at]} for at, ms in self._ms.items()}
        self._ms.clear()
        self._errors.clear()
        return found

    def merge(self, counts: Counts) -> None:
        """Add what another process counted."""
        for at, found in counts.items():
            self._ms[int(at)].update({int(ms): n for ms, n in found["ms"].items()})
            self._errors[int(at)] += found["errors"]

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield a line for each bucket, in order of time; `t` in seconds."""
        for at in sorted(self._ms):
            counted = self._ms[at]
            yield {
                "t": at * BUCKET_MS / 1000,
                "kind": "bucket",
                "n": counted.total(),
                "errors": self._errors[at],
                "p50_ms": percentile(counted, 0.50),
                "p95_ms": percentile(counted, 0.95),
            }

    def total(self) -> tuple[int, int, int]:
        """Return requests, errors and the p95 in ms of all; 0 where there is nothing."""
        whole = sum(self._ms.values(), Counter[int]())
        return whole.total(), self._errors.total(), percentile(whole, 0.95) if whole else 0


def percentile(counted: Counter[int], share: float) -> int:
    """Return the smallest value that at least this share does not exceed."""
    wanted, seen = share * counted.total(), 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= wanted:
            return value
    return 0
