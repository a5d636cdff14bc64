"""The guard's voice: what an application calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import random
from typing import Any

from guard.clock import SystemClock, new_token
from guard.errors import Kind, MemoryFailure
from guard.events import announce, iso, shadowed
from guard.machine import Failed, State, Succeeded, Verb
from guard.metrics import READ_OP, Metrics
from guard.modes import Mode, weaker
from guard.policy import Policy
from guard.ports import Clock, Memory, Message, Store
from guard.probe import Prober
from guard.shadow import AutoDowngrade, Shadow
from guard.watch import Hooks, Watch
from guard.writing import Dice, Writes, Written


class Answer(StrEnum):
    """What became of a request for context: an outage and an empty memory are different things."""

    FOUND = "found"
    EMPTY = "empty"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Context:
    """`text` is None unless FOUND; `trace` is JSON-ready and holds no text of any message."""

    answer: Answer
    text: str | None
    trace: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a guard is made of; `wiring` picks them, tests pass their own."""

    memory: Memory
    store: Store
    policy: Policy = field(default_factory=Policy)
    base_mode: Mode = Mode.READ_WRITE
    auto_downgrade: AutoDowngrade = AutoDowngrade.ON
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)
    dice: Dice = field(default_factory=lambda: Dice(new_token, random))


class MemoryGuard:
    """Reads and writes memory, or says at once why not.  Never raises for what the backend does."""

    def __init__(self, parts: Parts) -> None:
        self._memory = parts.memory
        self._policy = parts.policy
        self._base = parts.base_mode
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._store = parts.store
        self._auto = parts.auto_downgrade
        self._shadow = Shadow(parts.policy)
        self._prober = Prober(parts.memory, parts.policy, parts.dice.new_token)
        self._writes = Writes(parts.memory, parts.policy, parts.clock, parts.metrics, parts.dice)
        hooks = Hooks(changed=self._changed, lapsed=self._lapsed, tick=self._tick)
        self._watch = Watch(parts.store, parts.policy, parts.clock, hooks)
        self._watch.start()
        self._tick()

    @property
    def mode(self) -> Mode:
        """The mode in force in this process: the weaker of its own and the fleet's."""
        return self._allowed(self._watch.state)

    def fetch_context(self, thread_id: str, *, timeout_ms: float | None = None) -> Context:
        """Return the thread's context, within the read deadline (Policy.read_timeout_ms unless given)."""
        state = self._watch.state
        self._metrics.context_requests.n += 1
        if state.mode is not None or not self._base.reads:
            allowed = self._allowed(state)
            if not allowed.reads:
                return self._blocked(state, allowed)
        return self._read(thread_id, state, timeout_ms or self._policy.read_timeout_ms)

    def add_messages(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        user_id: str | None = None,
        client_msg_id: str | None = None,
    ) -> Written:
        """Store messages in order within the write deadline; the same `client_msg_id` is stored once.

        Emails and phone numbers are redacted, empty messages are not sent, long ones are split.
        """
        mode = self.mode
        if not mode.writes:
            return self._writes.skipped(str(mode))
        return self._writes.send(thread_id, messages, user_id=user_id, client_msg_id=client_msg_id)

    def close(self) -> None:
        """Stop following the fleet and give up connections."""
        self._watch.close()
        self._metrics.flush()
        self._store.close()
        self._memory.close()

    def _read(self, thread_id: str, state: State, timeout_ms: float) -> Context:
        began = self._clock.monotonic()
        try:
            reading = self._memory.read(thread_id, timeout_ms=timeout_ms)
        except MemoryFailure as failure:
            return self._read_failed(thread_id, state, failure, self._took_s(began))
        if not reading.asked:
            return Context(Answer.EMPTY, None, _trace(self._base, Answer.EMPTY, "new_thread", 0.0))
        took_s = self._clock.monotonic() - began
        self._metrics.reads.n += 1
        self._metrics.read_s.add(took_s)
        if self._watch.state.failed_at or self._shadow.counting:
            self._report(Succeeded(state.epoch))
        answer = Answer.FOUND if reading.text else Answer.EMPTY
        return Context(answer, reading.text, _trace(self._base, answer, "zep", took_s))

    def _allowed(self, state: State) -> Mode:
        return self._base if state.mode is None else weaker(self._base, state.mode)

    def _took_s(self, began: float) -> float:
        return self._clock.monotonic() - began

    def _blocked(self, state: State, mode: Mode) -> Context:
        forced = state.mode is not None and self._base.reads
        reason = state.reason if forced else "flag"
        self._metrics.count("memory_zep_read_skipped", READ_OP, reason)
        source = f"{mode}_forced" if forced else str(mode)
        until = self._wall(state.until) if forced else None
        return Context(
            Answer.UNAVAILABLE,
            None,
            _trace(mode, Answer.UNAVAILABLE, source, 0.0, reason=reason, until=until),
        )

    def _read_failed(self, thread_id: str, state: State, failure: MemoryFailure, took_s: float) -> Context:
        kind = failure.kind
        self._metrics.reads.n += 1
        self._metrics.read_s.add(took_s)
        self._metrics.count("memory_zep_read_failures", READ_OP, str(kind))
        self._metrics.count("memory_zep_context_failures", str(kind))
        if kind.counts or kind is Kind.AUTH:
            self._report(Failed(kind, state.epoch, thread_id))
        trace = _trace(
            self.mode, Answer.UNAVAILABLE, "zep", took_s, reason=str(kind), status_code=failure.status_code
        )
        return Context(Answer.UNAVAILABLE, None, trace)

    def _report(self, outcome: Failed | Succeeded) -> None:
        """Let an outcome count, as far as GUARD_AUTO_DOWNGRADE lets it."""
        if self._auto is AutoDowngrade.ON:
            self._watch.apply(outcome)
        elif self._auto is AutoDowngrade.SHADOW:
            reason = self._shadow.decide(outcome, self._clock.monotonic())
            if reason:
                self._metrics.count("memory_guard_shadow_decisions", reason)
                shadowed(reason)

    def _wall(self, at: float) -> str:
        return iso(self._clock.wall() + at - self._clock.monotonic())

    def _lapsed(self) -> None:
        if self._base.reads:
            self._prober.start(self._watch)

    def _tick(self) -> None:
        self._metrics.show(self.mode, store_up=self._watch.up)

    def _changed(self, verb: Verb, state: State) -> None:
        if verb in (Verb.TRIPPED, Verb.HELD_AGAIN, Verb.FORCED):
            self._metrics.count("memory_zep_downgrades", state.reason)
        if verb is Verb.TRIPPED:
            self._metrics.count("circuit_open", "zep")
        circuit = _CIRCUIT.get(verb)
        if circuit:
            self._metrics.count("circuit_events", "zep", circuit)
            self._tick()
        announce(verb, state, base=self._base, clock=self._clock)


_CIRCUIT = {
    Verb.TRIPPED: "open",
    Verb.HELD_AGAIN: "open",
    Verb.LEASED: "half_open",
    Verb.RESTORED: "closed",
}


def _trace(
    mode: Mode,
    answer: Answer,
    source: str,
    took_s: float,
    *,
    reason: str | None = None,
    until: str | None = None,
    status_code: int | None = None,
) -> dict[str, Any]:
    return {
        "mode": str(mode),
        "used": answer is Answer.FOUND,
        "cached": False,
        "source": source,
        "took_ms": round(took_s * 1000, 2),
        "reason": reason,
        "until": until,
        "status_code": status_code,
    }
