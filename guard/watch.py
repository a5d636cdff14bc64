"""Keeps one process's snapshot of the fleet's state: pushed by the store, never fetched by a call.

The healthy path reads `Watch.state`, an attribute: no lock, no round trip.  A thread per process follows
the store's feed, and tells when a hold lapses.  Without a store the same rules run on the snapshot alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Flag
from threading import Lock, Thread

from guard.errors import StoreError
from guard.forks import in_child
from guard.machine import Adopt, Event, State, Verb, step
from guard.policy import Policy
from guard.ports import Clock, Feed, Store
from guard.reporter import Outcome, Reporter

log = logging.getLogger("guard")

TICK_S = 0.25
"""The longest the listener waits: how soon metrics are flushed, and a dead or emptied store is noticed."""
RETRY_S = 0.25
"""Between attempts to reach a lost store: comes back within 1 s of it."""
SOONEST_S = 0.01
"""The shortest wait before a lapse is tried again (the store's clock may lag ours by a millisecond)."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the owner of a watch wants to hear; all run off the healthy path."""

    changed: Callable[[Verb, State], None]
    """This process caused a transition."""
    lapsed: Callable[[], None]
    """A hold is over: somebody may probe.  Must not block."""
    tick: Callable[[], None]
    """At least every TICK_S."""


class Watch:
    """The snapshot, and the threads that keep it fresh and tell of outcomes (made anew in a forked child)."""

    def __init__(self, store: Store, policy: Policy, clock: Clock, hooks: Hooks) -> None:
        self.state = State()
        self.up = False
        self._store = store
        self._policy = policy
        self._clock = clock
        self._hooks = hooks
        self._shared = State()
        self._lock = Lock()
        self._stop = Flag()
        self._listener: Thread | None = None
        self._listens = False
        self._reporter = Reporter(self.apply)
        in_child(self._restart)

    def start(self, *, listen: bool = True) -> None:
        """Read the state once, so that the first call already knows it, then follow it."""
        try:
            self._take(self._store.read())
            self.up = True
        except StoreError:
            self.up = False
        self._listens = listen
        if listen:
            self._spawn()

    def step(self) -> None:
        """Do by hand what the thread does: take what is new, and tell of a lapse."""
        self._catch_up()
        self._beat()

    def close(self) -> None:
        """Tell what is untold and stop the threads; the snapshot stays readable."""
        self._reporter.close()
        self._stop.set()
        if self._listener:
            self._listener.join(timeout=2 * TICK_S)
        self._listener, self._listens = None, False

    def tell(self, outcome: Outcome) -> None:
        """Let an outcome count: here at once, for the fleet when Redis has heard.  Nobody waits."""
        if not self._listens:
            self.apply(outcome)
            return
        with self._lock:
            self.state, _ = step(self.state, outcome, self._policy, self._clock.monotonic())
            self._reporter.note(outcome)
        self._reporter.tell(outcome)

    def apply(self, event: Event) -> Verb:
        """Apply an event to the fleet, or to this process alone while the store is away."""
        state, verb = self._apply_shared(event) or (None, Verb.NOTHING)
        with self._lock:
            if state is None:
                state, verb = step(self._shared, event, self._policy, self._clock.monotonic())
            self._reporter.told(event)
            self._settle(state)
        self._hooks.changed(verb, state)
        return verb

    def _apply_shared(self, event: Event) -> tuple[State, Verb] | None:
        if not self.up:
            return None
        try:
            state, verb = self._store.apply(event)
            if verb is Verb.BEHIND:
                self._store.apply(Adopt(self._shared))
                state, verb = self._store.apply(event)
        except StoreError:
            self.up = False
            return None
        return state, verb

    def _settle(self, state: State) -> None:
        """Move forward only: answers and pushes may overtake each other.

        While the fleet has not heard all of our outcomes its counts lack them (or hold them already: the push
        of our own may come before the answer), so until then only a transition changes what is shown.
        """
        if (state.epoch, state.rev) > (self._shared.epoch, self._shared.rev):
            self._shared = state
        if not self._reporter.untold or self._shared.epoch > self.state.epoch:
            self.state = self._shared

    def _spawn(self) -> None:
        self._stop = Flag()
        self._listener = Thread(target=self._run, args=(self._stop,), name="zep-guard-watch", daemon=True)
        self._listener.start()

    def _run(self, stop: Flag) -> None:
        while not stop.is_set():
            try:
                with self._store.listen() as feed:
                    self._catch_up()
                    self._follow(feed, stop)
            except StoreError:
                self.up = False
                self._beat()
            except Exception:  # a bug here must not end the listener: without it a hold would never end
                if not stop.is_set():  # else the store was closed under us
                    log.exception("the listener stumbled and goes on")
            stop.wait(RETRY_S)

    def _take(self, state: State) -> None:
        with self._lock:
            self._settle(state)

    def _catch_up(self) -> None:
        """After subscribing: the store's state rules, unless it lost its data; then ours is written back."""
        state = self._kept()
        with self._lock:
            self._shared = self.state = state
        self.up = True

    def _follow(self, feed: Feed, stop: Flag) -> None:
        """Take what is pushed, and read again at every tick.

        A store that was emptied under an open connection pushes nothing, and while reads are held nobody has
        an outcome to tell it (the drill redis_flushed found a fleet that was held for ever).
        """
        read_at = self._clock.monotonic()
        while not stop.is_set() and self.up:
            self._beat()
            state = feed.next(self._wait_s())
            if state:
                self._take(state)
            if self._clock.monotonic() - read_at >= TICK_S:
                self._take(self._kept())
                read_at = self._clock.monotonic()

    def _kept(self) -> State:
        """Read the store's state; one that lost its data gets ours back."""
        state = self._store.read()
        if state.epoch < self._shared.epoch:
            state, _ = self._store.apply(Adopt(self._shared))
        return state

    def _beat(self) -> None:
        self._hooks.tick()
        if self.state.mode and self._clock.monotonic() >= self.state.lapses_at():
            self._hooks.lapsed()

    def _wait_s(self) -> float:
        if self.state.mode is None:
            return TICK_S
        return min(TICK_S, max(SOONEST_S, self.state.lapses_at() - self._clock.monotonic()))

    def _restart(self) -> None:
        """A forked child that serves requests needs a listener of its own (gunicorn --preload, Celery)."""
        self._lock = Lock()
        self._reporter = Reporter(self.apply)  # what the parent has not told is the parent's to tell
        if self._listens:
            self._spawn()
