"""Every threshold of the guard, with its unit and its source."""

from __future__ import annotations

from dataclasses import dataclass

ALL = 100
"""Percent."""
RAMP = (10, 30, 60, ALL)
"""Percent of reads, where a ramp is asked for and not spelt out (our choice: each about twice the last)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds; the defaults are the seed system's numbers unless a line says otherwise."""

    trip_after: int = 3
    """Consecutive counted failures that downgrade."""
    window_s: float = 60.0
    """All of them within this time."""
    slow_ms: float = 0.0
    """A read that takes this long is slow; 0: none is.  Not below `probe_timeout_ms`, which ends the hold."""
    slow_share: float = 0.5
    """The share of slow reads, from 0 to 1, at which reads stop (our choice)."""
    slow_window_s: float = 10.0
    """Reads of one process are counted this long (our choice: a slow Zep is felt within twice that)."""
    slow_least: int = 20
    """Reads in the window before its share means anything (our choice)."""
    hold_s: float = 300.0
    """How long reads stay off before one worker probes."""
    hold_growth: float = 1.0
    """Each failed probe makes the next hold this many times longer; 1 is the seed's fixed hold."""
    hold_cap_s: float = 3600.0
    """No hold grows beyond this (our choice)."""
    hold_jitter: float = 0.0
    """The share of a grown hold that chance adds, so that fleets do not probe one Zep in step; 0 to 1."""
    ramp_percent: tuple[int, ...] = ()
    """After a successful probe these shares of reads go out, one after the other; none: all at once."""
    ramp_successes: int = 5
    """Reads of the fleet that must succeed at each share (our choice: at 10 % fifty reads, 15 in all)."""
    rate_limit_hold_s: float = 60.0
    """How long reads wait after a 429 that names no time (facts: Zep's own 429 says 60)."""
    rate_limit_cap_s: float = 300.0
    """The longest Retry-After that is obeyed before Zep is asked again (our choice: the seed's hold)."""
    lease_s: float = 10.0
    """How long a prober may take before another one may try; longer than connect + probe deadlines."""
    read_timeout_ms: float = 250.0
    """Hard deadline of a read, whatever the socket does."""
    deadline_least_ms: float = 50.0
    """A deadline that follows how fast Zep answers never falls below this (our choice)."""
    write_timeout_ms: float = 1500.0
    """Hard deadline of a write."""
    write_retries: int = 2
    """At most, inside the write deadline, and only where Zep may not have taken it."""
    write_backoff_s: float = 0.1
    """Before the first retry; doubles (our choice: the seed names no number)."""
    context_ttl_s: float = 30.0
    """How long a context is served from the cache."""
    stale_s: float = 0.0
    """How long a thread's last good context may stand in for one that cannot be had; 0: not at all."""
    negative_ttl_s: float = 3.0
    """How long a thread whose read timed out is not asked for again."""
    claim_ttl_s: float = 86_400.0
    """How long a `client_msg_id` is remembered where Zep has no idempotency keys (our choice: a day)."""
    write_trip_after: int = 3
    """Failed writes in a row that open the write breaker."""
    write_hold_s: float = 30.0
    """How long it stays open before one write may try."""
    probe_timeout_ms: float = 150.0
    """Deadline of a probe on an open connection."""
    probe_connect_ms: float = 1000.0
    """A probe's own budget for connecting: after an outage the pool is cold (our choice)."""
    outbox_limit: float = 0.0
    """Calls of Zep that may wait in the outbox; 0: there is none."""
    outbox_rate: float = 50.0
    """Replays a second, each process, once it has got going (our choice)."""

    @property
    def outbox_lease_s(self) -> float:
        """After this long a drainer counts as dead: no less than a few writes that time out."""
        return max(self.lease_s, 4 * self.write_timeout_ms / 1000)

    def held_s(self, failed_probes: int, jitter: float) -> float:
        """Return the hold after so many failed probes in a row; `jitter` is a number from 0 to 1."""
        grown_s = min(self.hold_cap_s, self.hold_s * self.hold_growth**failed_probes)
        return max(self.hold_s, grown_s) * (1 + self.hold_jitter * jitter)

    def next_share(self, after_percent: int) -> int:
        """Return the share of reads that follows, in percent; 0 when all are let through."""
        return next((share for share in self.ramp_percent if after_percent < share < ALL), 0)

    def told_s(self, retry_after_s: float | None) -> float:
        """Return how long a 429 keeps reads waiting."""
        told_s = self.rate_limit_hold_s if retry_after_s is None else retry_after_s
        return min(told_s, self.rate_limit_cap_s)
