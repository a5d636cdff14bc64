"""What the gateway saw: every request, in order, without headers or bodies."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass

KEPT = 100_000
"""Requests kept; about 30 MB."""


@dataclass(slots=True)
class Entry:
    """One request: `t` when it arrived and `done` when it was answered, in monotonic seconds of this host."""

    n: int
    t: float
    wall: float
    method: str
    path: str
    probe: bool
    fault: str | None
    status: int | None = None
    upstream_ms: float | None = None
    done: float | None = None


class Log:
    """The last KEPT requests, and counters over all of them."""

    def __init__(self, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._monotonic = monotonic
        self._wall = wall
        self._n = 0
        self.statuses: Counter[str] = Counter()

    def arrived(self, method: str, path: str, *, probe: bool, fault: str | None) -> Entry:
        """Note a request."""
        self._n += 1
        entry = Entry(self._n, self._monotonic(), self._wall(), method, path, probe, fault)
        self._entries.append(entry)
        return entry

    def answered(self, entry: Entry, status: int, upstream_ms: float | None = None) -> None:
        """Note its answer."""
        entry.status, entry.done, entry.upstream_ms = status, self._monotonic(), upstream_ms
        self.statuses[str(status)] += 1

    def after(self, n: int) -> bytes:
        """Return the entries numbered above `n` as NDJSON."""
        skip = max(0, len(self._entries) - (self._n - n))
        lines = (json.dumps(asdict(e)) for i, e in enumerate(self._entries) if i >= skip)
        return "".join(f"{line}\n" for line in lines).encode()

    @property
    def total(self) -> int:
        """Requests seen so far."""
        return self._n
