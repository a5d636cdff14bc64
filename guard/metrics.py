"""Prometheus metrics: plain ints on the healthy path, the client library off it.

`Counter.labels().inc()` costs 2.9 us and a multiprocess observe 2.8 us (measured), an int 0.03 us.  So calls
count in ints and `flush` moves them: at every scrape of this process, and every 0.25 s by the watch thread,
which is what makes prometheus multiprocess mode right.  `n += 1` on an attribute is atomic under the GIL:
CPython >= 3.11 switches threads at calls and backward jumps only, and there is none inside.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.registry import Collector

from guard.forks import in_child
from guard.modes import Mode

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""The seed's latency buckets."""
RETRY_AFTER_BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Zep's own 429 says 60 s (measured); nothing above 300 s is obeyed by default."""
PENDING = 100_000
"""Latencies kept between two flushes; beyond that the oldest are dropped."""
SHOWN_MODES = (Mode.OFF, Mode.WRITE_ONLY, Mode.READ_WRITE)
"""Always present; `read_only` joins them only where it is in use."""

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "memory_guard_ambiguous_writes": ("Writes that a retry may store twice: Zep v3 has no keys", ()),
    "memory_guard_outbox_queued": ("Calls of Zep put into the outbox", ()),
    "memory_guard_outbox_replayed": ("Calls that Zep took from the outbox", ()),
    "memory_guard_outbox_dropped": ("Calls that neither Zep nor the outbox took", ("reason",)),
    "memory_guard_outbox_set_aside": ("Calls that Zep will not take", ("reason",)),
    "memory_guard_shadow_decisions": ("Downgrades that shadow mode did not make", ("reason",)),
    "memory_zep_context_cache_hits": ("Context answered from the cache", ()),
    "memory_zep_context_stale": ("Contexts that could not be had, answered by the last good one", ()),
    "memory_zep_context_requests": ("Context asked for, forced modes included", ()),
    "memory_zep_context_failures": ("Context that could not be had", ("reason",)),
    "memory_zep_downgrades": (
        "Downgrades of the fleet, counted by the process that caused them",
        ("reason",),
    ),
    "memory_zep_redactions": ("Pieces of personal data and secrets replaced before a write", ("field_type",)),
    "memory_zep_read_requests": ("Reads sent to Zep", ("op",)),
    "memory_zep_read_failures": ("Reads that failed", ("op", "reason")),
    "memory_zep_read_skipped": ("Reads not sent", ("op", "reason")),
    "memory_zep_write_requests": ("Writes sent to Zep", ("op",)),
    "memory_zep_write_success": ("Writes that Zep took", ("op",)),
    "memory_zep_write_failures": ("Writes that failed", ("op", "reason")),
    "memory_zep_write_skipped": ("Writes not sent", ("op", "reason")),
    "circuit_open": ("Times the breaker opened", ("component",)),
    "circuit_events": ("Transitions of the breaker", ("component", "state")),
}
GAUGES = {
    "memory_guard_outbox_depth": "Calls of Zep that wait in the outbox",
    "memory_guard_outbox_oldest_seconds": "For how long the oldest of them has waited",
    "memory_guard_reads_wanted": "1 when the process's own flags let it read",
    "memory_guard_read_deadline_seconds": "The read deadline in force",
    "memory_guard_followed_deadline_seconds": "What it would be if it followed how fast Zep answers",
}
HISTOGRAMS: dict[str, tuple[str, tuple[float, ...]]] = {
    "memory_zep_read_latency_seconds": ("Time of a read", BUCKETS_S),
    "memory_zep_write_latency_seconds": ("Time of a write", BUCKETS_S),
    "memory_zep_retry_after_seconds": ("What Zep's 429s asked for", RETRY_AFTER_BUCKETS_S),
}

READ_OP = "context"
WRITE_OP = "add_messages"
FROM_BOOT = (
    ("memory_guard_shadow_decisions", "auth"),
    ("memory_guard_shadow_decisions", "consecutive_failures"),
    ("memory_guard_outbox_dropped", "full"),
    ("memory_guard_outbox_dropped", "redis"),
    ("memory_guard_outbox_set_aside", "client"),
)
"""Counters of what should never happen: a panel that shows 0 says more than one without data."""


class Series:
    """One counter series: bump `n`."""

    __slots__ = ("_child", "_flushed", "n")

    def __init__(self, child: Counter) -> None:
        self.n = 0
        self._flushed = 0
        self._child = child

    def flush(self) -> None:
        """Move what is new to the client library."""
        n = self.n
        if n > self._flushed:
            self._child.inc(n - self._flushed)
            self._flushed = n

    def disown(self) -> None:
        """In a forked child: what the parent counted is the parent's to flush."""
        self._flushed = self.n


class Latencies:
    """One histogram series: `add` seconds."""

    __slots__ = ("_child", "_pending", "add")

    def __init__(self, child: Histogram) -> None:
        self._child = child
        self._pending: deque[float] = deque(maxlen=PENDING)
        self.add = self._pending.append

    def flush(self) -> None:
        """Move what is new to the client library."""
        while self._pending:
            self._child.observe(self._pending.popleft())

    def disown(self) -> None:
        """In a forked child: see Series."""
        self._pending.clear()


class Metrics:
    """All series of one guard; the ones of the healthy path are attributes."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._families = _families(registry or REGISTRY)
        self._series: dict[tuple[str, ...], Series] = {}
        self._lock = Lock()
        self._mode = Mode.OFF
        self._store_up = False
        self._read_share = 0.0
        self.context_requests = self.series("memory_zep_context_requests")
        self.cache_hits = self.series("memory_zep_context_cache_hits")
        self.reads = self.series("memory_zep_read_requests", READ_OP)
        self.writes = self.series("memory_zep_write_requests", WRITE_OP)
        self.writes_stored = self.series("memory_zep_write_success", WRITE_OP)
        self.read_s = Latencies(self._families["memory_zep_read_latency_seconds"].labels(READ_OP))
        self.write_s = Latencies(self._families["memory_zep_write_latency_seconds"].labels(WRITE_OP))
        for name, reason in FROM_BOOT:
            self.series(name, reason)
        for op in (READ_OP, WRITE_OP):
            self._families["memory_zep_retry_after_seconds"].labels(op)
        self._families.flushers.append(self.flush)
        in_child(self._disown)

    def series(self, name: str, *labels: str) -> Series:
        """Return the series of a counter in COUNTERS, by label values in order."""
        found = self._series.get((name, *labels))
        if found is None:
            family = self._families[name]
            found = self._series.setdefault(
                (name, *labels), Series(family.labels(*labels) if labels else family)
            )
        return found

    def count(self, name: str, *labels: str) -> None:
        """Count one; for paths that have failed already."""
        self.series(name, *labels).n += 1

    def totals(self, name: str) -> list[tuple[tuple[str, ...], int]]:
        """Return what a counter of this process stands on, by label values."""
        return [(key[1:], series.n) for key, series in list(self._series.items()) if key[0] == name]

    def retry_after(self, op: str, seconds: float) -> None:
        """Note what a 429 asked for."""
        self._families["memory_zep_retry_after_seconds"].labels(op).observe(seconds)

    def outbox(self, depth: int, oldest_s: float) -> None:
        """Set the outbox's gauges, which the fleet shares."""
        self._families["memory_guard_outbox_depth"].set(depth)
        self._families["memory_guard_outbox_oldest_seconds"].set(oldest_s)

    def own(self, *, reads_wanted: bool, deadline_ms: float, followed_ms: float) -> None:
        """Set what is this process's own affair, whatever the fleet's state."""
        self._families["memory_guard_reads_wanted"].set(int(reads_wanted))
        self._families["memory_guard_read_deadline_seconds"].set(deadline_ms / 1000)
        self._families["memory_guard_followed_deadline_seconds"].set(followed_ms / 1000)

    def show(self, mode: Mode, *, store_up: bool, read_share: float = 0.0) -> None:
        """Set the gauges: 1 for `mode`, 0 for the others; whether the store answers; the share of reads."""
        self._mode = mode
        self._read_share = read_share
        self._store_up = store_up
        self.flush()

    def flush(self) -> None:
        """Move everything to the client library."""
        with self._lock:
            for series in list(self._series.values()):
                series.flush()
            self.read_s.flush()
            self.write_s.flush()
            gauge = self._families["memory_mode_gauge"]
            for mode in {*SHOWN_MODES, self._mode}:
                gauge.labels(str(mode)).set(int(mode is self._mode))
            self._families["memory_guard_store_up"].set(int(self._store_up))
            self._families["memory_guard_read_share"].set(self._read_share)

    def _disown(self) -> None:
        self._lock = Lock()
        for series in self._series.values():
            series.disown()
        self.read_s.disown()
        self.write_s.disown()


class _Families(dict[str, Any]):
    """The metric families of one registry; a second guard in the same process shares them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self.flushers: list[Any] = []
        registry.register(_FlushAtScrape(self.flushers))
        for name, (text, labels) in COUNTERS.items():
            self[name] = Counter(name, text, labels, registry=registry)
        for name, (text, buckets_s) in HISTOGRAMS.items():
            self[name] = Histogram(name, text, ["op"], buckets=buckets_s, registry=registry)
        self["memory_mode_gauge"] = Gauge(
            "memory_mode_gauge",
            "1 for the mode in force, 0 for the others",
            ["mode"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        for name, text in GAUGES.items():
            self[name] = Gauge(name, text, registry=registry, multiprocess_mode="mostrecent")
        self["memory_guard_read_share"] = Gauge(
            "memory_guard_read_share",
            "The share of reads that go out: 1 when open, 0 when held, between while recovering",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self["memory_guard_store_up"] = Gauge(
            "memory_guard_store_up",
            "1 while the shared store answers; of several processes the worst off",
            registry=registry,
            multiprocess_mode="livemin",
        )


class _FlushAtScrape(Collector):
    """Registered first, so that what follows in the same scrape is up to date; has no samples of its own."""

    def __init__(self, flushers: list[Any]) -> None:
        self._flushers = flushers

    def collect(self) -> Iterable[Metric]:
        for flush in self._flushers:
            flush()
        return ()


_by_registry: WeakKeyDictionary[CollectorRegistry, _Families] = WeakKeyDictionary()


def _families(registry: CollectorRegistry) -> _Families:
    if registry not in _by_registry:
        _by_registry[registry] = _Families(registry)
    return _by_registry[registry]
