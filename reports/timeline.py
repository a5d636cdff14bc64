"""What a timeline shows, before it is drawn: bands, buckets, windows and marks.  Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace

from reports.record import DrillRecord, Line

BUCKETS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Answers are counted over the first of these that makes few enough buckets."""
MAX_BUCKETS = 400
"""Of a timeline: more are no wider than a pixel on a phone, and a minute's page stays small."""
LATENCY_BUCKETS = 2
"""Latencies are taken over so many buckets, so that a p95 has answers to stand on."""
MAX_EVENTS = 60
"""Rows of events on a page; the rest is counted, and in the journal."""
SHOWN = ("name", "severity", "action", "fault", "params", "status", "text")
OK = 200


@dataclass(frozen=True)
class Band:
    """A worker in one mode from `since` to `until`."""

    mode: str
    since: float
    until: float


@dataclass(frozen=True)
class Bucket:
    """Answers that users got within one `bucket_s`."""

    at: float
    with_memory: int
    without_memory: int
    errors: int


@dataclass(frozen=True)
class Row:
    """Events of one kind that follow one another and differ in nothing but their time."""

    kind: str
    at: float
    until: float
    count: int
    told: tuple[str, ...]


@dataclass(frozen=True)
class Mark:
    """Something that happened."""

    at: float
    text: str


@dataclass(frozen=True)
class Page:
    """Somebody was paged at `since`; `until` is None where the drill ended first."""

    name: str
    severity: str
    since: float
    until: float | None = None

    @property
    def told(self) -> str:
        """In words: what colour a page has says nothing to everybody."""
        return f"{self.severity} page: {self.name}" + ("" if self.until else ", not resolved")


def bands(drill: DrillRecord, worker: str) -> list[Band]:
    """Return the modes of one worker as its own answers told them; a gap is where nobody asked it."""
    told = sorted(
        (_end(r), str(r["mode"])) for r in drill.requests if str(r.get("worker")) == worker and r.get("mode")
    )
    made: list[Band] = []
    for at, mode in told:
        if made and made[-1].mode == mode:
            made[-1] = Band(mode, made[-1].since, at)
        else:
            made.append(Band(mode, at, at))
    return made


def bucket_s(drill: DrillRecord) -> float:
    """Return the seconds over which the answers of a drill are counted."""
    took_s = drill.until - drill.since
    return next((width for width in BUCKETS_S if took_s / width <= MAX_BUCKETS), took_s / MAX_BUCKETS)


def buckets(drill: DrillRecord) -> list[Bucket]:
    """Return answers per `bucket_s`, by what they were."""
    width = bucket_s(drill)
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for request in drill.requests:
        counts[math.floor(request["t"] / width)][_outcome(request)] += 1
    return [Bucket(slot * width, *count) for slot, count in sorted(counts.items())]


def latencies(drill: DrillRecord) -> list[tuple[float, float, float]]:
    """Return (middle of the bucket, p50 ms, p95 ms)."""
    width = LATENCY_BUCKETS * bucket_s(drill)
    times: dict[int, list[float]] = defaultdict(list)
    for request in drill.requests:
        if request.get("ms") is not None:
            times[math.floor(request["t"] / width)].append(float(request["ms"]))
    return [
        ((slot + 0.5) * width, _quantile(ms, 0.5), _quantile(ms, 0.95)) for slot, ms in sorted(times.items())
    ]


def fault_windows(drill: DrillRecord) -> list[tuple[float, float]]:
    """Return from when to when a fault was in place."""
    applied = [e["t"] for e in drill.events if e["kind"] == "fault_applied"]
    healed = [e["t"] for e in drill.events if e["kind"] == "fault_healed"]
    return [(min(applied), max(healed, default=drill.until))] if applied else []


def marks(drill: DrillRecord) -> list[Mark]:
    """Return what is worth a label, in order; only the first of a kind where many follow."""
    found: list[Mark] = []
    for kind, text in (("fault_applied", "fault"), ("fault_hit", "first hit"), ("fault_healed", "healed")):
        first = next((e for e in drill.events if e["kind"] == kind), None)
        found += [Mark(first["t"], text)] if first else []
    found += [Mark(e["t"], _probe(e)) for e in drill.events if e["kind"] == "probe"]
    found += _turns(drill)
    return sorted(found, key=lambda mark: mark.at)


def pages(drill: DrillRecord) -> list[Page]:
    """Return who was paged, in order, each with its end."""
    made: dict[str, Page] = {}
    for event in (e for e in drill.events if e["kind"] == "alert"):
        key, at = str(event.get("key")), float(event["t"])
        if event.get("action") == "resolve":
            made |= {key: replace(made[key], until=at)} if key in made else {}
        else:
            made.setdefault(key, Page(str(event.get("name")), str(event.get("severity")), at))
    return sorted(made.values(), key=lambda page: page.since)


def rows(drill: DrillRecord) -> list[Row]:
    """Return the events by time, those that repeat one another as one row."""
    made: list[Row] = []
    for event in sorted(drill.events, key=lambda event: float(event["t"])):
        at, kind, told = float(event["t"]), str(event["kind"]), _told(event)
        if made and (made[-1].kind, made[-1].told) == (kind, told):
            made[-1] = replace(made[-1], until=at, count=made[-1].count + 1)
        else:
            made.append(Row(kind, at, at, 1, told))
    return made


def _told(event: Line) -> tuple[str, ...]:
    return tuple(str(event[name]) for name in SHOWN if event.get(name) is not None)


def _turns(drill: DrillRecord) -> list[Mark]:
    """When the first worker left read_write, and when the last one was back."""
    down = [r for r in drill.requests if r.get("mode") not in (None, "read_write")]
    if not down:
        return []
    first = min(down, key=_end)
    left = max(_end(r) for r in down)
    back = [_end(r) for r in drill.requests if r.get("mode") == "read_write" and _end(r) > left]
    return [Mark(_end(first), str(first["mode"])), *([Mark(min(back), "read_write")] if back else [])]


def _probe(event: Line) -> str:
    return f"probe {event.get('status') or 'failed'}"


def _outcome(request: Line) -> int:
    if request.get("status") != OK:
        return 2
    return (
        0
        if request.get("mode") == "read_write" and request.get("source") in ("zep", "cache", "new_thread")
        else 1
    )


def _end(request: Line) -> float:
    return float(request["t"]) + float(request.get("ms") or 0.0) / 1000


def _quantile(values: list[float], q: float) -> float:
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]
