"""The write path without the waiting: redact, split, retry where safe within one deadline, stop when useless.

A write is a plan: a generator that yields what must be done and is sent what came of it.  `MemoryGuard` runs
plans by calling, `AsyncMemoryGuard` by awaiting.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from guard.breaker import WriteBreaker
from guard.errors import Kind, MemoryFailure, StoreError
from guard.events import redacted, understood, unwritten
from guard.metrics import WRITE_OP
from guard.outbox import QUEUED, UNWRITTEN, Entry, payload, postponable
from guard.outgoing import batches, worth_sending
from guard.parts import Parts
from guard.ports import Cached, Message, Outbox
from guard.redact import DROPPED
from guard.written import Written


@dataclass(frozen=True, slots=True)
class Send:
    """Hand messages to the backend; what comes back is the new context, None, or what was raised."""

    thread_id: str
    messages: Sequence[Message]
    timeout_ms: float
    user_id: str | None
    idempotency_key: str
    return_context: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Aside:
    """Have a word with Redis, which may take milliseconds; what comes back is what the call returned."""

    call: Callable[[], Any]


Plan = Generator[Send | Pause | Aside, Any, Written]


@dataclass(slots=True)
class _Write:
    """One call of `add_messages` under way."""

    thread_id: str
    user_id: str | None
    key: str
    began: float
    deadline: float
    return_context: bool
    redactions: int
    context: str | None = None
    in_doubt: bool = False
    """Whether Zep may hold more than its last answer told of."""


class Writes:
    """Plans the writes of one guard; `breaker` is its own, apart from the reads'."""

    def __init__(self, parts: Parts[Any]) -> None:
        self.breaker = WriteBreaker(parts.policy)
        self._idempotent = parts.memory.idempotent
        self._policy = parts.policy
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._dice = parts.dice
        self._cache = parts.cache
        self._claims = parts.claims
        self._store = parts.store
        self._redactor = parts.redactor
        self._outbox = parts.outbox

    def plan(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        user_id: str | None,
        client_msg_id: str | None,
        refresh: bool,
    ) -> Plan:
        """Store messages in order; `refresh` the cached context by the way, where there is a cache."""
        sendable = worth_sending(messages)
        if not sendable:
            return self.skipped("empty")
        queues = self._outbox is not None and self._outbox.filled and (yield from self._waits(thread_id))
        now = self._clock.monotonic()
        why_not = QUEUED if queues else self.breaker.why_not(now)
        if why_not and self._outbox is None:
            return self.skipped(why_not)
        clean, redactions = self._redacted(sendable)
        if not clean:
            return self.skipped("unredactable")
        write = _Write(
            thread_id,
            user_id,
            key=client_msg_id or self._dice.new_token(),
            began=now,
            deadline=now + self._policy.write_timeout_ms / 1000,
            return_context=refresh and self._cache is not None,
            redactions=redactions,
        )
        if client_msg_id and not self._idempotent:
            return (yield from self._claimed(write, batches(clean), why_not))
        return (yield from self._all(write, batches(clean), why_not))

    def replayed(self, entry: Entry) -> Generator[Any, Any, MemoryFailure | None]:
        """Send what waited in the outbox; the breaker has been asked."""
        now = self._clock.monotonic()
        deadline = now + self._policy.write_timeout_ms / 1000
        write = _Write(entry.thread_id, entry.user_id, entry.key, now, deadline, False, 0)
        failure = yield from self._delivered(write, entry.messages, entry.key, last=False)
        yield from self._refresh(write, failure)
        return failure

    def _claimed(self, write: _Write, parts: list[list[Message]], why_not: str) -> Plan:
        """Write once under a name, where the backend does not see to that itself."""
        name, ttl_s = f"{write.thread_id}:{write.key}", self._policy.claim_ttl_s
        if not (yield Aside(lambda: self._claims.claim(name, ttl_s))):
            self.skipped("duplicate")
            return Written(stored=True, reason="duplicate")
        stored = False
        try:
            written = yield from self._all(write, parts, why_not)
            stored = written.acknowledged
            return written
        finally:
            if not stored:  # cancelled callers included: a name must not outlive a write that was not made
                self._claims.release(name)

    def skipped(self, reason: str) -> Written:
        """Count messages that were not sent."""
        self._metrics.count("memory_zep_write_skipped", WRITE_OP, reason)
        return Written(stored=False, reason=reason)

    def _took_ms(self, write: _Write) -> float:
        return round((self._clock.monotonic() - write.began) * 1000, 2)

    def _redacted(self, messages: Sequence[Message]) -> tuple[Sequence[Message], int]:
        clean, counts = self._redactor.messages(messages)
        for field_type, times in counts.items():
            self._metrics.series("memory_zep_redactions", field_type).n += times
        if counts:
            redacted(counts)
        return clean, sum(times for field_type, times in counts.items() if field_type != DROPPED)

    def _all(self, write: _Write, parts: list[list[Message]], why_not: str) -> Plan:
        failure, number = None, 0
        if why_not:
            return (yield from self._kept(write, parts, number))
        for number, batch in enumerate(parts):
            last = number == len(parts) - 1
            failure = yield from self._delivered(write, batch, f"{write.key}:{number}", last=last)
            if failure:
                break
            write.in_doubt = True
        yield from self._refresh(write, failure)
        if failure and self._outbox and postponable(failure.kind):
            return (yield from self._kept(write, parts, number))
        reason = str(failure.kind) if failure else None
        return Written(failure is None, reason, self._took_ms(write), write.redactions)

    def _waits(self, thread_id: str) -> Generator[Any, Any, bool]:
        """Tell whether a write must queue behind others of its thread; nobody knows: it must."""
        known: bool | None = yield Aside(lambda: self._out(lambda outbox: outbox.waits(thread_id)))
        return known is not False

    def _kept(self, write: _Write, parts: list[list[Message]], first: int) -> Plan:
        """Put a write into the outbox from its batch `first` on, or say that it is nowhere."""
        entries = [
            Entry(write.thread_id, write.user_id, batch, f"{write.key}:{number}")
            for number, batch in enumerate(parts[first:], first)
        ]
        try:
            payloads = [payload(entry) for entry in entries]
        except (TypeError, ValueError):  # metadata that is not JSON; nothing can be said about it
            return self._dropped(write, "unreadable")
        put: bool | None = yield Aside(
            lambda: self._out(lambda outbox: outbox.put(write.thread_id, payloads))
        )
        if not put:
            return self._dropped(write, "redis" if put is None else "full")
        self._metrics.series("memory_guard_outbox_queued").n += len(payloads)
        return Written(stored=False, reason=QUEUED, took_ms=self._took_ms(write), redactions=write.redactions)

    def _dropped(self, write: _Write, reason: str) -> Written:
        self._metrics.count("memory_guard_outbox_dropped", reason)
        unwritten(write.thread_id, reason)
        return self.skipped(UNWRITTEN)

    def _out(self, ask: Callable[[Outbox], bool]) -> bool | None:
        """Ask the outbox; None when Redis does not answer."""
        with suppress(StoreError):
            return ask(self._outbox) if self._outbox else None
        return None

    def _delivered(
        self, write: _Write, batch: Sequence[Message], key: str, *, last: bool
    ) -> Generator[Any, Any, MemoryFailure | None]:
        began = self._clock.monotonic()
        self._metrics.writes.n += 1
        failure = yield from self._tried(write, batch, key, return_context=last and write.return_context)
        self._metrics.write_s.add(self._clock.monotonic() - began)
        if failure:
            self._metrics.count("memory_zep_write_failures", WRITE_OP, str(failure.kind))
        else:
            self._metrics.writes_stored.n += 1
        yield from self._note(failure)
        return failure

    def _tried(
        self, write: _Write, batch: Sequence[Message], key: str, *, return_context: bool
    ) -> Generator[Any, Any, MemoryFailure | None]:
        pauses = self._pauses_s()
        while True:
            left_ms = (write.deadline - self._clock.monotonic()) * 1000
            answer = yield Send(write.thread_id, batch, left_ms, write.user_id, key, return_context)
            if not isinstance(answer, Exception):
                write.context = answer
                return None
            failure = understood(answer)
            self._doubt(write, failure)
            pause_s = next(pauses, None)
            too_late = pause_s is None or self._clock.monotonic() + pause_s >= write.deadline
            if too_late or not failure.kind.counts:
                return failure
            yield Pause(pause_s or 0.0)

    def _doubt(self, write: _Write, failure: MemoryFailure) -> None:
        """A timeout or a 5xx leaves open whether Zep stored them; without keys a retry may double them."""
        if failure.kind.counts:
            write.in_doubt = True
            if not self._idempotent:
                self._metrics.count("memory_guard_ambiguous_writes")

    def _note(self, failure: MemoryFailure | None) -> Generator[Any, Any, None]:
        now = self._clock.monotonic()
        if failure is None:
            if self.breaker.succeeded():
                self._metrics.count("circuit_events", "zep_write", "closed")
                yield Aside(lambda: self._show(open_s=0.0))
            return
        if failure.kind is Kind.RATE_LIMITED:
            self.breaker.rest(now + self._policy.told_s(failure.retry_after_s))
        if failure.retry_after_s is not None:
            self._metrics.retry_after(WRITE_OP, failure.retry_after_s)
        if not (failure.kind.counts or failure.kind is Kind.AUTH):
            return
        if self.breaker.failed(now):
            self._metrics.count("circuit_open", "zep_write")
            self._metrics.count("circuit_events", "zep_write", "open")
        if self.breaker.state(now) == "open":  # just now, or again after a trial that failed
            yield Aside(lambda: self._show(open_s=self._policy.write_hold_s))

    def _show(self, *, open_s: float) -> None:
        with suppress(StoreError):  # for people only: status says what it knows
            self._store.show_writes(open_s=open_s)

    def _refresh(self, write: _Write, failure: MemoryFailure | None) -> Generator[Any, Any, None]:
        """What is cached is older than what was written: replace it, or at least forget it."""
        cache = self._cache
        if cache is None or (failure and not write.in_doubt):
            return
        if failure is None and write.context:
            entry = Cached(write.context)
            yield Aside(lambda: cache.replace(write.thread_id, entry, self._policy.context_ttl_s))
        else:
            yield Aside(lambda: cache.drop(write.thread_id))

    def _pauses_s(self) -> Iterator[float]:
        """Exponential, and between half of it and all of it, so that workers do not retry in step."""
        for retry in range(self._policy.write_retries):
            yield self._policy.write_backoff_s * 2**retry * (1 + self._dice.jitter()) / 2
