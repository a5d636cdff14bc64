"""The circuit breaker as a pure function: step(state, event, policy, now) -> (state, verb).

Closed: reads flow.  Held: a force is in place, by failures or by hand.  Probing: held, and one prober
has the lease.  A hold that lapses restores nothing: only a successful probe or a clear does.
Recovering (if the policy has a ramp): a probe succeeded, a share of reads goes out and grows with their
successes; one failure holds again.

Two more implementations follow these rules: `stores/lua/*.lua` (one script per event) under the same tests.
`now`, `since`, `until`, `lease_until` and `failed_at` are seconds on one clock, whichever the caller reads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from guard.errors import Kind
from guard.modes import Mode
from guard.policy import Policy

AUTO = "auto"
"""`by` of a force that failures caused."""
RECOVERING = "recovering"
"""Reason for which a read is blocked while reads come back by shares."""
RATE_LIMITED = "rate_limited"
"""Reason of a hold that Zep asked for (429): no failure, but reads wait as told."""


class Phase(StrEnum):
    """Where the breaker stands."""

    CLOSED = "closed"
    HELD = "held"
    PROBING = "probing"
    RECOVERING = "recovering"


@dataclass(frozen=True, slots=True)
class State:
    """All the fleet shares.  `epoch` counts transitions and fences late outcomes; `rev` orders snapshots."""

    epoch: int = 0
    rev: int = 0
    mode: Mode | None = None
    """The forced mode; None when closed."""
    reason: str = ""
    by: str = ""
    since: float = 0.0
    until: float = 0.0
    failed_at: tuple[float, ...] = ()
    """Times of the consecutive failures counted so far."""
    thread: str = ""
    """The thread whose read failed last: what a probe repeats."""
    token: str = ""
    lease_until: float = 0.0
    holds: int = 0
    """Probes that failed since reads stopped: what the hold's back-off grows with."""
    share_percent: int = 0
    """While recovering, the reads that go out; who goes is the dice's choice."""
    eased: int = 0
    """Reads that succeeded at this share."""

    def leased(self, now: float) -> bool:
        """Tell whether a prober holds a live lease."""
        return bool(self.token) and now < self.lease_until

    def phase(self, now: float) -> Phase:
        """Return the phase at `now`."""
        if self.mode is None:
            return Phase.CLOSED
        if self.share_percent:
            return Phase.RECOVERING
        return Phase.PROBING if self.leased(now) else Phase.HELD

    def lapses_at(self) -> float:
        """Return when a prober may try: the hold and any lease are over by then; never while recovering."""
        if self.share_percent:
            return math.inf
        return max(self.until, self.lease_until if self.token else 0.0)


class ProbeResult(StrEnum):
    """How a probe ended."""

    OK = "ok"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failed:
    """A read admitted in `epoch` failed; `retry_after_s` is what a 429 asked for."""

    kind: Kind
    epoch: int
    thread: str = ""
    retry_after_s: float | None = None

    @property
    def at_once(self) -> str:
        """The reason for which this alone stops reads; empty when it does not."""
        return str(self.kind) if self.kind in (Kind.AUTH, Kind.RATE_LIMITED, Kind.LATENCY) else ""

    def hold_s(self, policy: Policy) -> float:
        """Return how long reads stop if this stops them."""
        return policy.told_s(self.retry_after_s) if self.kind is Kind.RATE_LIMITED else policy.hold_s


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A read admitted in `epoch` succeeded."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody wants to probe; `token` is unique to this probe."""

    token: str


@dataclass(frozen=True, slots=True)
class Done:
    """The probe that holds `token` ended; after a failure reads stay off for `hold_s`."""

    token: str
    epoch: int
    result: ProbeResult
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Force:
    """An operator holds the fleet in `mode` for `ttl_s`."""

    mode: Mode
    reason: str
    ttl_s: float
    by: str


@dataclass(frozen=True, slots=True)
class Clear:
    """An operator ends any hold."""

    by: str


@dataclass(frozen=True, slots=True)
class ResetFailures:
    """An operator forgets the failures counted so far."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """A process knows a later state than the store: the store lost its data."""

    state: State


Event = Failed | Succeeded | Lease | Done | Force | Clear | ResetFailures | Adopt


class Verb(StrEnum):
    """What an event did."""

    NOTHING = "nothing"
    COUNTED = "counted"
    RESET = "reset"
    TRIPPED = "tripped"
    LEASED = "leased"
    RELEASED = "released"
    RESTORED = "restored"
    EASED = "eased"
    HELD_AGAIN = "held_again"
    FORCED = "forced"
    CLEARED = "cleared"
    ADOPTED = "adopted"
    BEHIND = "behind"
    """The store is behind the caller (it lost its data): adopt first, then repeat."""


def step(state: State, event: Event, policy: Policy, now: float) -> tuple[State, Verb]:
    """Apply one event; `rev` moves with every change, nothing else does."""
    after, verb = _transition(state, event, policy, now)
    if after is state or verb is Verb.ADOPTED:
        return after, verb
    return replace(after, rev=state.rev + 1), verb


def _transition(state: State, event: Event, policy: Policy, now: float) -> tuple[State, Verb]:
    match event:
        case Failed():
            return _failed(state, event, policy, now)
        case Succeeded():
            return _succeeded(state, event, policy)
        case Lease():
            return _lease(state, event, policy, now)
        case Done():
            return _done(state, event, policy, now)
        case Force():
            return _hold(state, event.mode, event.reason, event.by, now=now, hold_s=event.ttl_s), Verb.FORCED
        case Clear():
            return (_closed(state), Verb.CLEARED) if state.mode else (state, Verb.NOTHING)
        case ResetFailures():
            return _reset(state)
        case Adopt():
            return (event.state, Verb.ADOPTED) if event.state.epoch > state.epoch else (state, Verb.NOTHING)


def _failed(state: State, event: Failed, policy: Policy, now: float) -> tuple[State, Verb]:
    if event.epoch != state.epoch or (state.mode and not state.share_percent):
        return _stale(state, event.epoch)
    hold_s = event.hold_s(policy)
    if state.share_percent:
        return _relapsed(state, event, now, hold_s)
    if event.at_once:
        return replace(_trip(state, event.at_once, now, hold_s), thread=event.thread), Verb.TRIPPED
    if not event.kind.counts:
        return state, Verb.NOTHING
    failed_at = (*(t for t in state.failed_at if now - t <= policy.window_s), now)
    if len(failed_at) < policy.trip_after:
        return replace(state, failed_at=failed_at, thread=event.thread), Verb.COUNTED
    return replace(_trip(state, "consecutive_failures", now, hold_s), thread=event.thread), Verb.TRIPPED


def _relapsed(state: State, event: Failed, now: float, hold_s: float) -> tuple[State, Verb]:
    if not (event.at_once or event.kind.counts):
        return state, Verb.NOTHING
    held = _trip(state, event.at_once or "recovery_failed", now, hold_s)
    return replace(held, thread=event.thread, holds=state.holds + 1), Verb.HELD_AGAIN


def _succeeded(state: State, event: Succeeded, policy: Policy) -> tuple[State, Verb]:
    if event.epoch != state.epoch:
        return _stale(state, event.epoch)
    if not state.share_percent:
        return _reset(state)
    if state.eased + 1 < policy.ramp_successes:
        return replace(state, eased=state.eased + 1), Verb.COUNTED
    share = policy.next_share(state.share_percent)
    if share:
        return replace(state, share_percent=share, eased=0), Verb.EASED
    return _closed(state), Verb.RESTORED


def _lease(state: State, event: Lease, policy: Policy, now: float) -> tuple[State, Verb]:
    if state.mode is None or now < state.lapses_at():
        return state, Verb.NOTHING
    return replace(state, token=event.token, lease_until=now + policy.lease_s), Verb.LEASED


def _done(state: State, event: Done, policy: Policy, now: float) -> tuple[State, Verb]:
    if event.token != state.token or event.epoch != state.epoch:
        return _stale(state, event.epoch)
    if event.result is ProbeResult.CANCELLED:
        return replace(state, token="", lease_until=0.0), Verb.RELEASED
    if event.result is ProbeResult.OK:
        share = policy.next_share(0)
        return (_eased(state, share, now), Verb.EASED) if share else (_closed(state), Verb.RESTORED)
    return replace(_trip(state, "probe_failed", now, event.hold_s), holds=state.holds + 1), Verb.HELD_AGAIN


def _stale(state: State, epoch: int) -> tuple[State, Verb]:
    """Drop an outcome of another epoch; an epoch the store never saw means that the store lost its data."""
    return state, Verb.BEHIND if epoch > state.epoch else Verb.NOTHING


def _reset(state: State) -> tuple[State, Verb]:
    return (replace(state, failed_at=()), Verb.RESET) if state.failed_at else (state, Verb.NOTHING)


def _trip(state: State, reason: str, now: float, hold_s: float) -> State:
    # A failed probe of a manual `off` must not switch writes back on: only a trip of a closed breaker picks.
    return _hold(state, state.mode or Mode.WRITE_ONLY, reason, AUTO, now=now, hold_s=hold_s)


def _hold(state: State, mode: Mode, reason: str, by: str, *, now: float, hold_s: float) -> State:
    return State(
        epoch=state.epoch + 1,
        rev=state.rev,
        mode=mode,
        reason=reason,
        by=by,
        since=now,
        until=now + hold_s,
        thread=state.thread,
    )


def _eased(state: State, share_percent: int, now: float) -> State:
    # Whatever was forced is over: writes are back, and reads are on their way.
    held = _hold(state, Mode.WRITE_ONLY, RECOVERING, AUTO, now=now, hold_s=0.0)
    return replace(held, holds=state.holds, share_percent=share_percent)


def _closed(state: State) -> State:
    return State(epoch=state.epoch + 1, rev=state.rev, thread=state.thread)
