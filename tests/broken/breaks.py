"""Broken guards, each the real one with one thing wrong; and the drill and the check that must find it.

Each is a mistake that somebody made: in the seed system, in the peers that were read, or here.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import ANY


@dataclass(frozen=True)
class Broken:
    """`apply` breaks it; `drill` must then fail, and `check` be among what it names."""

    name: str
    drill: str
    check: str
    what: str
    apply: Callable[[], None]


BREAKS: dict[str, Broken] = {}


def caught_by(drill: str, check: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(apply: Callable[[], None]) -> Callable[[], None]:
        name, what = apply.__name__, (apply.__doc__ or "").strip()
        BREAKS[name] = Broken(name, drill, check, what, apply)
        return apply

    return register


def policy(**wrong: float) -> None:
    """Whatever is configured, these numbers are used."""
    from guard.policy import Policy

    right = Policy.__init__
    Policy.__init__ = lambda self, **said: right(self, **{**said, **wrong})  # type: ignore[method-assign]


def lua(script: str, right: str, wrong: str) -> None:
    """Change the rules as Redis has them."""
    from guard.stores import redis

    source = redis._source

    def bent(name: str) -> str:
        text = source(name)
        assert name != script or right in text, f"{script}.lua has no {right!r}"
        return text.replace(right, wrong) if script in (name, "state") else text

    redis._source = bent


def kind_of_status(status: int, kind: str) -> None:
    """Take a status for another kind of failure."""
    from guard.errors import Kind
    from guard.zep import failures

    right = failures._status_kind
    failures._status_kind = lambda found: Kind(kind) if found == status else right(found)


# what counts


@caught_by("auth_401", "downgrade")
def ignores_401() -> None:
    """Takes 401 for a wrong request of ours."""
    kind_of_status(401, "client")


@caught_by("auth_403", "downgrade")
def ignores_403() -> None:
    """Knows 401 and forgets 403."""
    kind_of_status(403, "client")


@caught_by("mixed_failures", "downgrade")
def ignores_408() -> None:
    """Takes 408 for a wrong request of ours."""
    kind_of_status(408, "client")


@caught_by("client_errors", "downgrades")
def trips_on_404() -> None:
    """Takes a thread that Zep does not know for a failing Zep."""
    kind_of_status(404, "server")


@caught_by("probe_recovery", "downgrade")
def counts_to_4() -> None:
    """Needs one failure more than agreed."""
    policy(trip_after=4)


@caught_by("two_failures", "downgrades")
def counts_to_2() -> None:
    """Has a hair trigger."""
    policy(trip_after=2)


@caught_by("errors_30_percent", "downgrades")
def counts_non_consecutively() -> None:
    """A success in between does not reset the count."""
    from guard.machine import Succeeded
    from guard.reading import Reads

    right = Reads._report
    Reads._report = lambda self, outcome: None if isinstance(outcome, Succeeded) else right(self, outcome)


@caught_by("mixed_failures", "downgrade")
def counts_kinds_apart() -> None:
    """Timeouts are counted beside 5xx, and never meet them."""
    from guard.errors import Kind
    from guard.machine import Failed
    from guard.reading import Reads

    right, timeouts = Reads._report, []

    def report(self: Any, outcome: Any) -> None:
        if not isinstance(outcome, Failed) or outcome.kind is not Kind.TIMEOUT:
            right(self, outcome)
            return
        timeouts.append(outcome)
        while len(timeouts) >= 3:
            right(self, timeouts.pop())

    Reads._report = report


@caught_by("timeouts", "downgrade")
def swallows_timeouts() -> None:
    """A timeout is nobody's failure."""
    transport_kind("TimeoutException", "local")


@caught_by("connection_reset", "downgrade")
def swallows_resets() -> None:
    """A broken connection is nobody's failure."""
    transport_kind("ReadError RemoteProtocolError WriteError", "local")  # which of them is a race


@caught_by("refused", "downgrade")
def swallows_refusals() -> None:
    """A connection that is refused is nobody's failure."""
    transport_kind("ConnectError", "local")


def transport_kind(errors: str, kind: str) -> None:
    import httpx

    from guard.errors import Kind
    from guard.zep import failures

    right, wrong = failures._transport_kind, tuple(getattr(httpx, error) for error in errors.split())
    failures._transport_kind = lambda found: Kind(kind) if isinstance(found, wrong) else right(found)


@caught_by("garbage", "downgrade")
def takes_garbage_for_an_empty_memory() -> None:
    """A 200 is a 200."""
    from guard.errors import Kind, MemoryFailure
    from guard.ports import Reading
    from guard.zep.memory import ZepMemory

    right = ZepMemory.read

    def read(self: Any, thread_id: str, *, timeout_ms: float) -> Reading:
        try:
            return right(self, thread_id, timeout_ms=timeout_ms)
        except MemoryFailure as failure:
            if failure.kind is Kind.BAD_RESPONSE:
                return Reading(None)
            raise

    ZepMemory.read = read


@caught_by("slow_drip", "downgrade")
def has_no_deadline_for_the_whole_call() -> None:
    """Each operation of a socket is in time, so all is well."""
    from guard.zep import transport

    transport._left = lambda timeout, _expired: timeout


@caught_by("latency_under", "downgrades")
def is_impatient() -> None:
    """Gives Zep 100 ms instead of 250."""
    policy(read_timeout_ms=100.0)


@caught_by("rate_limited", "probes")
def forgets_what_a_429_asked_for() -> None:
    """Holds as long as always, whatever Retry-After said."""
    from guard.machine import Failed

    Failed.hold_s = lambda _self, policy: policy.hold_s


# the hold and the way back


@caught_by("auth_401", "probes")
def resumes_reads_when_the_hold_is_over() -> None:
    """The hold is a key that expires: nobody asks first."""
    from guard.machine import Clear
    from guard.watch import Watch

    def beat(self: Any) -> None:
        self._hooks.tick()
        if self.state.mode and self._clock.monotonic() >= self.state.lapses_at():
            self.apply(Clear("auto"))

    Watch._beat = beat


@caught_by("auth_401", "recover")
def never_probes() -> None:
    """Waits for somebody else to do it."""
    from guard.probe import Prober

    Prober.start = lambda *_: None


@caught_by("herd_at_recovery", "probes")
def every_worker_probes() -> None:
    """There is a lease and nobody looks at it."""
    lua("lease", "or leased(s) then", "then")


@caught_by("probe_failure", "held_again")
def takes_any_probe_for_a_success() -> None:
    """That an answer came is enough."""
    from guard.machine import ProbeResult
    from guard.probe import Prober, _Outcome

    right = Prober._ask

    def ask(self: Any, thread: str) -> _Outcome:
        right(self, thread)
        return _Outcome(ProbeResult.OK)

    Prober._ask = ask


@caught_by("flapping", "downgrades")
def follows_every_flap() -> None:
    """Its hold is a tenth of a second."""
    policy(hold_s=0.1)


@caught_by("worker_killed_while_probing", "recover")
def wedges_after_a_killed_prober() -> None:
    """A lease has no end of its own."""
    policy(lease_s=3600.0)


@caught_by("auth_401", "reads_while_degraded")
def reopens_on_any_success() -> None:
    """A write that Zep took proves that reads work."""
    from guard.machine import Clear
    from guard.writing import Writes

    right = Writes._note

    def note(self: Any, failure: Any) -> Any:
        if failure is None:
            self._store.apply(Clear("auto"))
        return right(self, failure)

    Writes._note = note


@caught_by("auth_401", "reads_while_degraded")
def leaks_reads_while_held() -> None:
    """One read in five slips past the hold."""
    from guard.reading import Reads

    right, turns = Reads.blocked, iter(range(10**9))
    Reads.blocked = lambda self, state: right(self, state) if next(turns) % 5 else None


@caught_by("clock_shift", "reads_while_degraded")
def holds_by_the_wall_clock() -> None:
    """The end of a hold is a time of day."""
    from guard.machine import Clear
    from guard.watch import Watch

    right, settle, ends = Watch._beat, Watch._settle, {}

    def settled(self: Any, state: Any) -> None:
        settle(self, state)
        if self.state.mode:
            left_s = self.state.until - time.monotonic()
            ends.setdefault(self.state.epoch, time.time() + left_s + 60)

    def beat(self: Any) -> None:
        right(self)
        if self.state.mode and time.time() >= ends.get(self.state.epoch, float("inf")):
            self.apply(Clear("auto"))

    Watch._settle, Watch._beat = settled, beat


# the fleet


@caught_by("auth_401", "probes")
def keeps_its_state_to_itself() -> None:
    """Every process has a breaker of its own."""
    os.environ.pop("GUARD_REDIS_URL", None)


@caught_by("redis_flushed", "reads_while_degraded")
def forgets_with_redis() -> None:
    """What Redis does not know did not happen."""
    from guard.watch import Watch

    def kept(self: Any) -> Any:
        self._shared = self.state = self._store.read()
        return self.state

    Watch._kept = kept


@caught_by("redis_down_and_zep", "downgrade")
def is_off_without_redis() -> None:
    """No Redis, no guard."""
    from guard.watch import Watch

    right = Watch.tell
    Watch.tell = lambda self, outcome: right(self, outcome) if self.up else None


@caught_by("redis_slow", "p95")
def asks_redis_on_every_call() -> None:
    """The state is read from Redis before each read of Zep."""
    from guard.errors import StoreError
    from guard.service import MemoryGuard

    right = MemoryGuard.fetch_context

    def fetch_context(self: Any, *args: Any, **options: Any) -> Any:
        for _ in "mode", "failures", "lease":
            try:
                self._core._parts.store.read()
            except StoreError:
                pass
        return right(self, *args, **options)

    MemoryGuard.fetch_context = fetch_context


@caught_by("workers_restarted_while_degraded", "reads_while_degraded")
def begins_without_asking_the_fleet() -> None:
    """A fresh process believes that all is well until it is told."""
    from guard.machine import State
    from guard.watch import Watch

    Watch._kept = lambda _self: State()


# writes


@caught_by("auth_401", "writes_stored")
def stops_writes_too() -> None:
    """Everything is off while reads are."""
    from guard import machine
    from guard.modes import Mode

    lua("state", "'write_only'", "'off'")
    machine._trip = lambda state, reason, now, hold_s: machine._hold(
        state, Mode.OFF, reason, machine.AUTO, now=now, hold_s=hold_s
    )


@caught_by("write_failure", "writes_counted")
def has_no_write_breaker() -> None:
    """Goes on writing to a Zep that takes nothing."""
    from guard.breaker import WriteBreaker

    WriteBreaker.failed = lambda *_: False


@caught_by("emergency_off", "writes_stopped")
def writes_when_it_is_off() -> None:
    """`off` means reads."""
    from guard.modes import Mode

    Mode.writes = property(lambda _self: True)


@caught_by("outbox", "stored_once")
def drops_what_the_breaker_stops() -> None:
    """The outbox is for writes that were tried."""
    from guard.writing import Writes

    right = Writes._all

    def wrong(self: Any, write: Any, parts: Any, why_not: str) -> Any:
        return self.skipped(why_not) if why_not else (yield from right(self, write, parts, why_not))

    Writes._all = wrong


@caught_by("outbox", "stored_once")
def overtakes_what_waits() -> None:
    """A thread with writes in the outbox goes on writing to Zep."""
    from guard.writing import Writes

    def wrong(*_: Any) -> Any:
        yield from ()
        return False

    Writes._waits = wrong


@caught_by("outbox", "stored_once")
def replays_under_another_key() -> None:
    """What Zep had taken without saying so is there twice."""
    from guard import draining

    right = draining.entry_of
    draining.entry_of = lambda taken: (entry := right(taken)) and replace(entry, key=f"{entry.key}-again")


@caught_by("outbox", "outbox_emptied")
def never_replays() -> None:
    """What is in the outbox stays there."""
    from guard.draining import Drains

    def wrong(*_: Any) -> Any:
        from guard.outbox import Drained

        yield from ()
        return Drained()

    Drains.plan = wrong


# gentler ways


@caught_by("gentle_recovery", "reads_come_back_by_shares")
def lets_all_reads_back_at_once() -> None:
    """GUARD_RAMP is read and not minded."""
    policy(ramp_percent=())


@caught_by("slow_reads", "downgrade")
def does_not_mind_slow_reads() -> None:
    """GUARD_SLOW_MS is read and not minded."""
    policy(slow_ms=0.0)


@caught_by("adaptive_deadline", "downgrade")
def never_follows_with_its_deadline() -> None:
    """GUARD_ADAPTIVE_DEADLINE=on is read and not minded."""
    from guard.deadline import Deadline

    Deadline.follow = lambda *_: None


@caught_by("stale_context", "a_force_serves_nothing")
def serves_stale_contexts_behind_an_operators_back() -> None:
    """What was known stands in, whoever said that reads are off."""
    from guard import reading

    reading.AUTO = ANY


# operators


@caught_by("rollback", "downgrade")
def forces_nobody() -> None:
    """The command succeeds and no worker hears of it."""
    from guard.machine import Force
    from guard.stores.redis import RedisStore

    right = RedisStore._call
    RedisStore._call = lambda self, event: ("read", ()) if isinstance(event, Force) else right(self, event)


@caught_by("mode_status", "recover")
def does_not_hear_that_it_is_cleared() -> None:
    """A force ends when the process does."""
    from guard.watch import Watch

    right = Watch._settle
    Watch._settle = lambda self, state: None if self.state.mode and not state.mode else right(self, state)


@caught_by("auth_401", "status_agrees")
def tells_the_base_mode_for_the_real_one() -> None:
    """Status reads the configuration."""
    from guard import operations

    operations._effective = lambda _state, base_mode: base_mode


@caught_by("cache_invalidation", "read_anew_from_zep")
def invalidates_nothing() -> None:
    """The command says that it did."""
    from guard import operations

    operations.VERBS["invalidate"] = lambda *_: "the cached context is gone"


# the cache


@caught_by("read_path", "second_turn_has_memory")
def never_hits_its_cache() -> None:
    """Everything is read anew."""
    from guard.stores.cache import RedisCache

    RedisCache.get = lambda *_: None


@caught_by("negative_cache", "not_asked_again_at_once")
def asks_again_after_every_timeout() -> None:
    """Only what was found is remembered."""
    from guard.stores.cache import RedisCache

    right = RedisCache.fill
    RedisCache.fill = lambda self, thread, entry, ttl_s: (
        None if entry.failed else right(self, thread, entry, ttl_s)
    )


# metrics


@caught_by("auth_401", "metrics_agree")
def leaves_the_gauge_where_it_was() -> None:
    """The mode is shown once, at the start."""
    from guard.metrics import Metrics
    from guard.modes import Mode

    right = Metrics.show
    Metrics.show = lambda self, _mode, **more: right(self, Mode.READ_WRITE, **more)


@caught_by("metrics_warmup", "metrics_agree")
def shows_no_mode_before_the_first_change() -> None:
    """The gauge has no series until something happens."""
    from guard import metrics

    metrics.SHOWN_MODES = ()


@caught_by("auth_401", "metrics_agree")
def forgets_the_reason_of_a_downgrade() -> None:
    """Every downgrade is counted as `unknown`."""
    from guard.metrics import Metrics

    right = Metrics.count

    def count(self: Any, name: str, *labels: str) -> None:
        right(self, name, *(("unknown",) if name == "memory_zep_downgrades" else labels))

    Metrics.count = count


# privacy


@caught_by("write_path", "nothing_leaks")
def redacts_only_what_users_say() -> None:
    """The assistant repeats it, and that goes out as it is."""
    redacting(
        lambda right, messages: right(messages) if messages[0]["role"] == "user" else (messages, {}),
        each=True,
    )


@caught_by("write_path", "nothing_leaks")
def redacts_only_the_newest_message() -> None:
    """The rest of a batch was surely seen before."""

    def last(right: Any, messages: Any) -> Any:
        clean, counts = right(messages[-1:])
        return [*messages[:-1], *clean], counts

    redacting(last)


@caught_by("write_path", "nothing_leaks")
def logs_what_it_redacts() -> None:
    """So that one can see that it works."""

    def told(right: Any, messages: Any) -> Any:
        logging.getLogger("guard").info("redacting %s", messages)
        return right(messages)

    redacting(told)


@caught_by("redaction_under_attack", "nothing_leaks")
def knows_no_foreign_number() -> None:
    """A phone number begins with 05."""

    def foreign(right: Any, messages: Any) -> Any:
        hidden = [
            {**m, "content": str(m["content"]).replace("+", "\0").replace("00", "\1")} for m in messages
        ]
        clean, counts = right(hidden)
        return [{**m, "content": m["content"].replace("\0", "+").replace("\1", "00")} for m in clean], counts

    redacting(foreign)


def redacting(wrong: Callable[[Any, Any], Any], *, each: bool = False) -> None:
    """Put `wrong(right, messages)` in the place of the redaction."""
    from guard.redact import Redactor

    right = Redactor.messages

    def redact(self: Any, messages: Any) -> Any:
        def own(some: Any) -> Any:
            return right(self, some)

        if not each:
            return wrong(own, messages)
        found = [wrong(own, [message]) for message in messages]
        counts: dict[str, int] = {}
        for _, some in found:
            counts |= some
        return [clean[0] for clean, _ in found], counts

    Redactor.messages = redact


@caught_by("timeouts", "user_errors")
def raises_to_its_caller() -> None:
    """What fails below fails above."""
    from guard.service import MemoryGuard

    def read(self: Any, thread_id: str, _state: Any, timeout_ms: float) -> Any:
        from guard.context import found_or_empty

        reading = self._memory.read(thread_id, timeout_ms=timeout_ms)
        return found_or_empty(reading.text, "read_write", "zep", 0.0, cached=False)

    MemoryGuard._read = read
