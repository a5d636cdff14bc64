"""What the gateway saw: every request, in order, without headers or bodies."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import islice

KEPT = 100_000
"""Requests kept; about 30 MB."""
AT_ONCE = 500
"""Lines written before the data plane gets its turn; about 3 ms."""
ROUTES = 200
"""Routes counted by name; more are one, so that a scanner cannot fill the memory."""
WORD = re.compile(r"[a-z][a-z_-]*|v[0-9]{1,2}")


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
        self.routes: Counter[str] = Counter()

    def arrived(self, method: str, path: str, *, probe: bool, fault: str | None) -> Entry:
        """Note a request."""
        self._n += 1
        t, wall = self._monotonic(), self._wall()
        entry = Entry(self._n, t, wall, sys.intern(method), sys.intern(path), probe, fault)
        self._entries.append(entry)
        route = route_of(method, path)
        self.routes[route if route in self.routes or len(self.routes) < ROUTES else "other"] += 1
        return entry

    def answered(self, entry: Entry, status: int, upstream_ms: float | None = None) -> None:
        """Note its answer."""
        entry.status, entry.done, entry.upstream_ms = status, self._monotonic(), upstream_ms
        self.statuses[str(status)] += 1

    async def after(self, n: int) -> bytes:
        """Return the entries numbered above `n` as NDJSON; requests are served meanwhile."""
        skip = max(0, len(self._entries) - max(0, self._n - n))
        entries = list(islice(self._entries, skip, None))
        text = bytearray()
        for start in range(0, len(entries), AT_ONCE):
            text += "".join(map(_line, entries[start : start + AT_ONCE])).encode()
            await asyncio.sleep(0)
        return bytes(text)

    @property
    def total(self) -> int:
        """Requests seen so far."""
        return self._n


@lru_cache(4096)
def route_of(method: str, path: str) -> str:
    """Return ``METHOD /path`` with `*` for every segment that is an id rather than a word of the API."""
    segments = path.split("/")
    return f"{method} " + "/".join(s if not s or WORD.fullmatch(s) else "*" for s in segments)


_FIELDS = tuple(field.name for field in fields(Entry))


def _line(entry: Entry) -> str:
    return json.dumps({name: getattr(entry, name) for name in _FIELDS}) + "\n"
