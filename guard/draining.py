"""Empties the outbox, one entry after the other, as a plan: see `guard/outbox.py` and `guard/writing.py`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

from guard.errors import Kind, MemoryFailure, StoreError
from guard.events import set_aside
from guard.outbox import Drained, Taken, Verdict, entry_of, judge, pace_s
from guard.parts import Parts
from guard.ports import Outbox
from guard.writing import Aside, Pause, Send, Writes

T = TypeVar("T")
Drain = Generator[Send | Pause | Aside, Any, T]

MOST_SEEN = 1000
"""Failed entries remembered by a process; with more of them none is poison, Zep is ill."""
REDIS = "redis"
STOPPED = "stopped"
"""Writes were switched off, nobody knows whether they are on, or the guard is closing."""


class Drains:
    """Plans the drains of one guard, through the same breaker as its writes."""

    def __init__(self, parts: Parts[Any], outbox: Outbox, writes: Writes) -> None:
        self.closing = False
        self._outbox = outbox
        self._writes = writes
        self._policy = parts.policy
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._dice = parts.dice
        self._idempotent = parts.memory.idempotent
        self._seen: dict[str, int] = {}
        """Entries that failed here: how many writes Zep had taken from this process by then."""

    def plan(self, allowed: Callable[[], bool]) -> Drain[Drained]:
        """Replay until nothing is left to take, or Zep or Redis fails, or writes are switched off."""
        done = Drained()
        while allowed() and not self.closing:
            if self._writes.breaker.blocks(self._clock.monotonic()):
                return replace(done, reason="breaker_open")
            token = self._dice.new_token()
            taken: Taken | StoreError | None = yield _ask(lambda: self._outbox.take(token))  # noqa: B023 - now
            if not isinstance(taken, Taken):
                return replace(done, reason=REDIS if taken else "")
            one = yield from self._handled(taken)
            done = Drained(done.replayed + one.replayed, done.set_aside + one.set_aside, one.reason)
            if one.reason:
                return done
            yield Pause(pace_s(done.replayed, self._policy.outbox_rate))
        return replace(done, reason=STOPPED)

    def _handled(self, taken: Taken) -> Drain[Drained]:
        """Try one entry and say what becomes of it; a drainer that is cut off gives it back at once."""
        said = False
        try:
            verdict, reason = yield from self._tried(taken)
            answer = yield _ask(lambda: self._told(taken, verdict, reason))
            said = True
        finally:
            if not said:
                _or_error(lambda: self._outbox.back(taken, counts=False))
        if isinstance(answer, StoreError):
            return Drained(reason=REDIS)
        if not answer:  # it took us longer than the lease: whoever has it now sends it again
            self._doubt(again=verdict is Verdict.DONE)
            return Drained()
        return self._counted(taken, verdict, reason)

    def _tried(self, taken: Taken) -> Drain[tuple[Verdict, str]]:
        entry = entry_of(taken)
        if entry is None:
            return Verdict.ASIDE, "unreadable"
        why_not = self._writes.breaker.why_not(self._clock.monotonic())
        if why_not:
            return Verdict.FORGIVE, why_not
        self._doubt(again=taken.tries > 1)  # somebody may have tried and not lived to tell
        failure: MemoryFailure | None = yield from self._writes.replayed(entry)
        verdict = judge(failure, taken.tries, others_went=self._others_went(taken, failure))
        return verdict, str(failure.kind) if failure else ""

    def _doubt(self, *, again: bool) -> None:
        if again and not self._idempotent:
            self._metrics.count("memory_guard_ambiguous_writes")

    def _others_went(self, taken: Taken, failure: MemoryFailure | None) -> bool:
        """Tell whether Zep took anything from this process since it failed this entry here last."""
        went = self._metrics.writes_stored.n
        before = self._seen.pop(taken.id, went)
        if failure:
            if len(self._seen) >= MOST_SEEN:
                self._seen.clear()
            self._seen[taken.id] = went
        return went > before

    def _told(self, taken: Taken, verdict: Verdict, reason: str) -> bool:
        match verdict:
            case Verdict.DONE:
                return self._outbox.done(taken)
            case Verdict.ASIDE:
                return self._outbox.aside(taken, reason)
            case Verdict.STRIKE | Verdict.FORGIVE:
                return self._outbox.back(taken, counts=verdict is Verdict.STRIKE)

    def _counted(self, taken: Taken, verdict: Verdict, reason: str) -> Drained:
        """A refusal is the entry's affair, any other failure Zep's: then the drain ends."""
        if verdict is Verdict.DONE:
            self._metrics.count("memory_guard_outbox_replayed")
            return Drained(replayed=1)
        if verdict is Verdict.ASIDE:
            self._metrics.count("memory_guard_outbox_set_aside", reason)
            set_aside(taken, reason)
            return Drained(set_aside=1)
        return Drained(reason="" if reason == Kind.CLIENT else reason)


def _ask(call: Callable[[], Any]) -> Aside:
    return Aside(lambda: _or_error(call))


def _or_error(call: Callable[[], T]) -> T | StoreError:
    """Redis that does not answer is an answer here: the lease lapses, and somebody else goes on."""
    try:
        return call()
    except StoreError as error:
        return error
