"""The read path without the waiting: what may be read, what an outcome means, what the books say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from guard.context import Answer, Context, found_or_empty, stale, unavailable
from guard.deadline import Deadline
from guard.errors import Kind
from guard.events import blocked, iso, shadowed, understood
from guard.machine import AUTO, Failed, State, Succeeded
from guard.metrics import READ_OP, Series
from guard.modes import Mode, weaker
from guard.parts import Parts
from guard.policy import ALL
from guard.ports import Cached, Reading
from guard.shadow import AutoDowngrade, Shadow
from guard.slow import SlowReads
from guard.watch import Watch


@dataclass(frozen=True, slots=True)
class _Blocked:
    """What every blocked read of one state gets: made once, for 57 ns beats 2 us (facts: the gate)."""

    state: State
    context: Context
    skipped: Series


class Reads:
    """Decides and counts; `MemoryGuard` and `AsyncMemoryGuard` do the calling."""

    def __init__(self, parts: Parts[Any], watch: Watch) -> None:
        self._watch = watch
        self._policy = parts.policy
        self._base = parts.base_mode
        self._base_reads = parts.base_mode.reads
        self._base_name = str(parts.base_mode)  # in every trace: formatting it there would cost 0.15 us
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._dice = parts.dice
        self._auto = parts.auto_downgrade
        self._cache = parts.cache
        self.recalls = parts.cache is not None and parts.policy.context_ttl_s > 0
        self.keeps_stale = parts.cache is not None and parts.policy.stale_s > 0
        self.deadline = Deadline(parts.policy, parts.adaptive)
        self._shadow = Shadow(parts.policy)
        self._slow = SlowReads(parts.policy) if parts.policy.slow_ms else None
        self._blocked: _Blocked | None = None

    @property
    def mode(self) -> Mode:
        """The mode in force in this process: the weaker of its own and the fleet's."""
        return self._allowed(self._watch.state)

    @property
    def share(self) -> float:
        """The share of reads that go out, from 0 to 1."""
        state = self._watch.state
        return 1.0 if self._allowed(state).reads else state.share_percent / ALL * self._base_reads

    def blocked(self, state: State) -> Context | None:
        """Return the answer to a read that may not go out, None when it may."""
        self._metrics.context_requests.n += 1
        if state.mode is None and self._base_reads:
            return None
        if state.share_percent and self._base_reads and self._dice.jitter() * ALL < state.share_percent:
            return None
        known = self._blocked
        if known is None or known.state is not state:
            if self._allowed(state).reads:
                return None
            known = self._block(state)
        known.skipped.n += 1
        context = known.context
        return Context(context.answer, None, context.trace.copy())

    def recalled(self, thread_id: str) -> Context | None:
        """Return what the cache knows, None when Zep must be asked."""
        if not self.recalls or self._cache is None:
            return None
        began = self._clock.monotonic()
        entry = self._cache.get(thread_id)
        if entry is None:
            return None
        took_s = self._clock.monotonic() - began
        if entry.failed:
            self._metrics.count("memory_zep_read_skipped", READ_OP, "negative_cache")
            return unavailable(self._base_name, "negative_cache", took_s, entry.failed, cached=True)
        self._metrics.cache_hits.n += 1
        return found_or_empty(entry.text, self._base_name, "cache", took_s, cached=True)

    def answered(self, thread_id: str, state: State, reading: Reading, took_s: float) -> Context:
        """Note what Zep answered to a read admitted in `state`."""
        if not reading.asked:
            return found_or_empty(None, self._base_name, "new_thread", 0.0, cached=False)
        self._metrics.reads.n += 1
        self._metrics.read_s.add(took_s)
        self.deadline.took(took_s)
        if self._watch.state.failed_at or self._shadow.counting:
            self._report(Succeeded(state.epoch))
        elif state.share_percent:  # also where failures change nothing: what is recovering must get there
            self._watch.tell(Succeeded(state.epoch))
        if self._slow and not self._slow.fast(took_s):
            self._notice_slow(self._slow, thread_id, state)
        if self._cache:
            self._cache.fill(thread_id, Cached(reading.text), self._policy.context_ttl_s)
        return found_or_empty(reading.text, self._base_name, "zep", took_s, cached=False)

    def failed(self, thread_id: str, state: State, error: Exception, took_s: float) -> Context:
        """Note that a read admitted in `state` failed."""
        failure = understood(error)
        kind = failure.kind
        self._metrics.reads.n += 1
        self._metrics.read_s.add(took_s)
        self._metrics.count("memory_zep_read_failures", READ_OP, str(kind))
        self._metrics.count("memory_zep_context_failures", str(kind))
        if failure.retry_after_s is not None:
            self._metrics.retry_after(READ_OP, failure.retry_after_s)
        if kind is Kind.TIMEOUT:
            self.deadline.took(took_s)
        if kind is Kind.TIMEOUT and self.recalls and self._cache:
            self._cache.fill(thread_id, Cached(failed=str(kind)), self._policy.negative_ttl_s)
        self._report(Failed(kind, state.epoch, thread_id, failure.retry_after_s))
        if self._slow and kind is Kind.TIMEOUT and not self._slow.fast(took_s):
            self._notice_slow(self._slow, thread_id, state)
        return unavailable(str(self.mode), "zep", took_s, str(kind), status_code=failure.status_code)

    def last_good(self, thread_id: str, context: Context) -> Context:
        """Return a thread's last good context, if any, in the place of one that Zep failed to give.

        An operator's force and a flag are decisions, not failures: nothing stands in.
        """
        state = self._watch.state
        decided = not self._base_reads or (state.mode is not None and state.by != AUTO)
        if decided or context.answer is not Answer.UNAVAILABLE or self._cache is None:
            return context
        if context.trace["reason"] == Kind.CLIENT:  # a healthy Zep says no: the thread may be deleted
            self._cache.forget(thread_id)
            return context
        began = self._clock.monotonic()
        known = self._cache.last_good(thread_id)
        if known is None:
            return context
        self._metrics.count("memory_zep_context_stale")
        return stale(context, known.text, known.age_s, self._clock.monotonic() - began)

    def abandoned(self, took_s: float) -> Context:
        """Return the answer to somebody who waited in vain for another caller's read of the same thread."""
        return unavailable(str(self.mode), "zep", took_s, str(Kind.LOCAL))

    def _notice_slow(self, slow: SlowReads, thread_id: str, state: State) -> None:
        if slow.too_many(state.epoch, self._clock.monotonic()):
            self._report(Failed(Kind.LATENCY, state.epoch, thread_id))

    def _allowed(self, state: State) -> Mode:
        return self._base if state.mode is None else weaker(self._base, state.mode)

    def _block(self, state: State) -> _Blocked:
        mode = self._allowed(state)
        forced = state.mode is not None and self._base_reads
        reason = state.reason if forced else "flag"
        told = forced and not state.share_percent
        until = iso(self._clock.wall() + state.until - self._clock.monotonic()) if told else None
        source = f"{mode}_forced" if forced else str(mode)
        skipped = self._metrics.series("memory_zep_read_skipped", READ_OP, reason)
        known = _Blocked(state, unavailable(str(mode), source, 0.0, reason, until=until), skipped)
        if forced and (self._blocked is None or self._blocked.state.epoch != state.epoch):
            blocked(mode, reason, until)
        self._blocked = known
        return known

    def _report(self, outcome: Failed | Succeeded) -> None:
        """Let an outcome count, as far as GUARD_AUTO_DOWNGRADE lets it."""
        if isinstance(outcome, Failed) and not (outcome.kind.counts or outcome.at_once):
            return
        if self._auto is AutoDowngrade.ON:
            self._watch.tell(outcome)
        elif self._auto is AutoDowngrade.SHADOW:
            reason = self._shadow.decide(outcome, self._clock.monotonic())
            if reason:
                self._metrics.count("memory_guard_shadow_decisions", reason)
                shadowed(reason)
