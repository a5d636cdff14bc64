"""The write path: redact, split, send within one deadline, retry where safe, stop when useless."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from guard.breaker import WriteBreaker
from guard.errors import Kind, MemoryFailure
from guard.events import redacted
from guard.metrics import WRITE_OP, Metrics
from guard.outgoing import batches, worth_sending
from guard.policy import Policy
from guard.ports import Clock, Memory, Message
from guard.redact import redact_messages


@dataclass(frozen=True, slots=True)
class Written:
    """Whether Zep took the messages, and if not why: a failure kind, or what kept them from being sent."""

    stored: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Dice:
    """Where chance comes in: `new_token` names a write, `jitter` (from 0 to 1) spreads its retries."""

    new_token: Callable[[], str]
    jitter: Callable[[], float]


class Writes:
    """Sends messages of one guard; `breaker` is its own, apart from the reads'."""

    def __init__(self, memory: Memory, policy: Policy, clock: Clock, metrics: Metrics, dice: Dice) -> None:
        self.breaker = WriteBreaker(policy)
        self._memory = memory
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._dice = dice

    def send(
        self, thread_id: str, messages: Sequence[Message], *, user_id: str | None, client_msg_id: str | None
    ) -> Written:
        """Store messages in order; the idempotency key makes a retry store once."""
        sendable = worth_sending(messages)
        if not sendable:
            return self.skipped("empty")
        if not self.breaker.allows(self._clock.monotonic()):
            return self.skipped("breaker_open")
        clean = self._redacted(sendable)
        key = client_msg_id or self._dice.new_token()
        deadline = self._clock.monotonic() + self._policy.write_timeout_ms / 1000
        for number, batch in enumerate(batches(clean)):
            failure = self._deliver(thread_id, batch, user_id, f"{key}:{number}", deadline)
            if failure:
                return Written(stored=False, reason=str(failure.kind))
        return Written(stored=True)

    def skipped(self, reason: str) -> Written:
        """Count messages that were not sent."""
        self._metrics.count("memory_zep_write_skipped", WRITE_OP, reason)
        return Written(stored=False, reason=reason)

    def _redacted(self, messages: Sequence[Message]) -> Sequence[Message]:
        clean, counts = redact_messages(messages)
        for field_type, times in counts.items():
            self._metrics.series("memory_zep_redactions", field_type).n += times
        if counts:
            redacted(counts)
        return clean

    def _deliver(
        self, thread_id: str, batch: Sequence[Message], user_id: str | None, key: str, deadline: float
    ) -> MemoryFailure | None:
        began = self._clock.monotonic()
        self._metrics.writes.n += 1
        failure = self._tried(thread_id, batch, user_id, key, deadline)
        self._metrics.write_s.add(self._clock.monotonic() - began)
        if failure is None:
            self._metrics.writes_stored.n += 1
            if self.breaker.succeeded():
                self._metrics.count("circuit_events", "zep_write", "closed")
            return None
        self._metrics.count("memory_zep_write_failures", WRITE_OP, str(failure.kind))
        counted = failure.kind.counts or failure.kind is Kind.AUTH
        if counted and self.breaker.failed(self._clock.monotonic()):
            self._metrics.count("circuit_open", "zep_write")
            self._metrics.count("circuit_events", "zep_write", "open")
        return failure

    def _tried(
        self, thread_id: str, batch: Sequence[Message], user_id: str | None, key: str, deadline: float
    ) -> MemoryFailure | None:
        pauses = self._pauses_s()
        while True:
            left_s = deadline - self._clock.monotonic()
            try:
                self._memory.write(
                    thread_id, batch, timeout_ms=left_s * 1000, user_id=user_id, idempotency_key=key
                )
            except MemoryFailure as failure:
                pause_s = next(pauses, None)
                too_late = pause_s is None or self._clock.monotonic() + pause_s >= deadline
                if too_late or not failure.kind.counts:
                    return failure
                self._clock.sleep(pause_s or 0.0)
            else:
                return None

    def _pauses_s(self) -> Iterator[float]:
        """Exponential, and between half of it and all of it, so that workers do not retry in step."""
        for retry in range(self._policy.write_retries):
            yield self._policy.write_backoff_s * 2**retry * (1 + self._dice.jitter()) / 2
