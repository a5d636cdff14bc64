"""What both voices share: the fleet's state, the books, the prober."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from guard.courier import Courier
from guard.draining import STOPPED, Drain, Drains
from guard.errors import StoreError
from guard.events import announce
from guard.listeners import Listeners
from guard.machine import RATE_LIMITED, State, Verb
from guard.modes import Mode
from guard.outbox import Drained
from guard.parts import Parts
from guard.probe import Prober, spawn_thread
from guard.reading import Reads
from guard.watch import Hooks, Watch
from guard.writing import Writes


class Core:
    """One process's guard, but for the calls to its backend."""

    def __init__(self, parts: Parts[Any]) -> None:
        self._parts = parts
        self._metrics = parts.metrics
        hooks = Hooks(changed=self._changed, lapsed=self._lapsed, tick=self._tick)
        spawn = spawn_thread if parts.threaded else lambda attempt: attempt()
        self._listeners = Listeners(parts.listeners if parts.base_mode.reads else (), spawn)
        self.watch = Watch(parts.store, parts.policy, parts.clock, hooks)
        self.reads = Reads(parts, self.watch)
        self.writes = Writes(parts)
        self.drains = Drains(parts, parts.outbox, self.writes) if parts.outbox else None
        self._prober = Prober(parts.memory.probe, parts.policy, parts.dice, spawn)
        self.watch.start(listen=parts.threaded)
        self._tick()
        self._courier: Courier | None = None
        if parts.outbox:
            with suppress(StoreError):  # then every write asks until somebody has looked
                parts.outbox.look()

    def carry(self, drain: Callable[[], object]) -> None:
        """Begin the outbox's worker, last of all; `drain` is the voice's way to carry out `self.drain()`."""
        parts = self._parts
        if parts.outbox and parts.threaded and parts.base_mode.writes:
            self._courier = Courier(parts.outbox, parts.metrics, drain)

    def wake(self) -> None:
        """Begin the worker in a forked child, which must not do so at the fork."""
        if self._courier:
            self._courier.wake()

    @property
    def mode(self) -> Mode:
        """The mode in force in this process."""
        return self.reads.mode

    def close(self) -> None:
        """Give a probe's lease back, stop following the fleet, flush the books."""
        if self.drains:
            self.drains.closing = True
        if self._courier:
            self._courier.close()
        if self._parts.outbox:
            self._parts.outbox.close()
        self._prober.cancel(self.watch)
        self.watch.close()
        self._metrics.flush()
        self._parts.store.close()

    def drain(self) -> Drain[Drained]:
        """Plan to replay what the outbox holds, while writes are on."""
        if self.drains is None:
            return Drained(reason="no_outbox")
        drained = yield from self.drains.plan(self._writes_on)
        if drained.reason == STOPPED and not self.mode.writes:
            return replace(drained, reason=str(self.mode))
        return drained

    def _writes_on(self) -> bool:
        """Tell whether the fleet is known to let this process write; without a listener it must ask."""
        if not self._parts.threaded:
            try:
                self.watch.step()
            except StoreError:
                return False
        return self.watch.up and self.mode.writes

    def _lapsed(self) -> None:
        if self._parts.base_mode.reads:
            self._prober.start(self.watch)

    def _tick(self) -> None:
        self._metrics.show(self.mode, store_up=self.watch.up, read_share=self.reads.share)
        deadline = self.reads.deadline
        deadline.follow(self._parts.clock.monotonic())
        self._metrics.own(
            reads_wanted=self._parts.base_mode.reads,
            deadline_ms=deadline.ms,
            followed_ms=deadline.followed_ms,
        )
        self._listeners.notice(self.watch.state, self._parts.clock.monotonic(), up=self.watch.up)

    def _changed(self, verb: Verb, state: State) -> None:
        if verb in (Verb.TRIPPED, Verb.HELD_AGAIN, Verb.FORCED):
            self._metrics.count("memory_zep_downgrades", state.reason)
        if verb is Verb.TRIPPED and state.reason != RATE_LIMITED:  # Zep asked for patience: it did not fail
            self._metrics.count("circuit_open", "zep")
        circuit = _CIRCUIT.get(verb)
        if circuit:
            self._metrics.count("circuit_events", "zep", circuit)
        if circuit or verb is Verb.EASED:
            self._tick()
        announce(verb, state, base=self._parts.base_mode, clock=self._parts.clock)


_CIRCUIT = {
    Verb.TRIPPED: "open",
    Verb.HELD_AGAIN: "open",
    Verb.LEASED: "half_open",
    Verb.RESTORED: "closed",
}
