"""What a timeline shows, before it is drawn: bands, buckets, windows and marks.  Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from reports.record import DrillRecord, Line

BUCKET_S = 0.1
LATENCY_BUCKET_S = 0.2
OK = 200


@dataclass(frozen=True)
class Band:
    """A worker in one mode from `since` to `until`."""

    mode: str
    since: float
    until: float


@dataclass(frozen=True)
class Bucket:
    """Answers that users got in one BUCKET_S."""

    at: float
    with_memory: int
    without_memory: int
    errors: int


@dataclass(frozen=True)
class Mark:
    """Something that happened."""

    at: float
    text: str


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


def buckets(drill: DrillRecord) -> list[Bucket]:
    """Return answers per BUCKET_S, by what they were."""
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for request in drill.requests:
        counts[math.floor(request["t"] / BUCKET_S)][_outcome(request)] += 1
    return [Bucket(slot * BUCKET_S, *count) for slot, count in sorted(counts.items())]


def latencies(drill: DrillRecord) -> list[tuple[float, float, float]]:
    """Return (middle of the bucket, p50 ms, p95 ms)."""
    times: dict[int, list[float]] = defaultdict(list)
    for request in drill.requests:
        if request.get("ms") is not None:
            times[math.floor(request["t"] / LATENCY_BUCKET_S)].append(float(request["ms"]))
    return [
        ((slot + 0.5) * LATENCY_BUCKET_S, _quantile(ms, 0.5), _quantile(ms, 0.95))
        for slot, ms in sorted(times.items())
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
