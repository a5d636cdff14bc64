"""What both voices share: the fleet's state, the books, the prober."""

from __future__ import annotations

from typing import Any

from guard.events import announce
from guard.machine import RATE_LIMITED, State, Verb
from guard.modes import Mode
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
        self.watch = Watch(parts.store, parts.policy, parts.clock, hooks)
        self.reads = Reads(parts, self.watch)
        self.writes = Writes(parts)
        spawn = spawn_thread if parts.threaded else lambda attempt: attempt()
        self._prober = Prober(parts.memory.probe, parts.policy, parts.dice, spawn)
        self.watch.start(listen=parts.threaded)
        self._tick()

    @property
    def mode(self) -> Mode:
        """The mode in force in this process."""
        return self.reads.mode

    def close(self) -> None:
        """Give a probe's lease back, stop following the fleet, flush the books."""
        self._prober.cancel(self.watch)
        self.watch.close()
        self._metrics.flush()
        self._parts.store.close()

    def _lapsed(self) -> None:
        if self._parts.base_mode.reads:
            self._prober.start(self.watch)

    def _tick(self) -> None:
        self._metrics.show(self.mode, store_up=self.watch.up)

    def _changed(self, verb: Verb, state: State) -> None:
        if verb in (Verb.TRIPPED, Verb.HELD_AGAIN, Verb.FORCED):
            self._metrics.count("memory_zep_downgrades", state.reason)
        if verb is Verb.TRIPPED and state.reason != RATE_LIMITED:  # Zep asked for patience: it did not fail
            self._metrics.count("circuit_open", "zep")
        circuit = _CIRCUIT.get(verb)
        if circuit:
            self._metrics.count("circuit_events", "zep", circuit)
            self._tick()
        announce(verb, state, base=self._parts.base_mode, clock=self._parts.clock)


_CIRCUIT = {
    Verb.TRIPPED: "open",
    Verb.HELD_AGAIN: "open",
    Verb.LEASED: "half_open",
    Verb.RESTORED: "closed",
}
