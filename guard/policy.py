"""Every threshold of the guard, with its unit and its source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds; the defaults are the seed system's numbers unless a line says otherwise."""

    trip_after: int = 3
    """Consecutive counted failures that downgrade."""
    window_s: float = 60.0
    """All of them within this time."""
    hold_s: float = 300.0
    """How long reads stay off before one worker probes."""
    lease_s: float = 10.0
    """How long a prober may take before another one may try; longer than connect + probe deadlines."""
    read_timeout_ms: float = 250.0
    """Hard deadline of a read, whatever the socket does."""
    write_timeout_ms: float = 1500.0
    """Hard deadline of a write."""
    write_retries: int = 2
    """At most, inside the write deadline, and only where Zep may not have taken it."""
    write_backoff_s: float = 0.1
    """Before the first retry; doubles (our choice: the seed names no number)."""
    write_trip_after: int = 3
    """Failed writes in a row that open the write breaker."""
    write_hold_s: float = 30.0
    """How long it stays open before one write may try."""
    probe_timeout_ms: float = 150.0
    """Deadline of a probe on an open connection."""
    probe_connect_ms: float = 1000.0
    """A probe's own budget for connecting: after an outage the pool is cold (our choice)."""
