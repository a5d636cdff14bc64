"""The state of one process, for a single worker or for tests."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from guard.machine import KEPT, TURNS, Event, State, Turn, Verb, step, turn
from guard.policy import Policy
from guard.ports import Clock, Feed


class MemoryStore:
    """Implements `ports.Store` with a lock; failure paths only, the healthy path never comes here."""

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._state = State()
        self._history: deque[Turn] = deque(maxlen=KEPT)
        self._lock = Lock()
        self._feeds: list[_Feed] = []

    def apply(self, event: Event) -> tuple[State, Verb]:
        """Apply one event."""
        with self._lock:
            before = self._state
            self._state, verb = step(before, event, self._policy, self._clock.monotonic())
            if verb in TURNS:
                self._history.appendleft(turn(before, self._state, event, verb, self._clock.wall()))
            if self._state is not before:
                for feed in self._feeds:
                    feed.put(self._state)
            return self._state, verb

    def read(self) -> State:
        """Return the state."""
        return self._state

    def history(self) -> list[Turn]:
        """Return the last transitions, newest first."""
        with self._lock:
            return list(self._history)

    @contextmanager
    def listen(self) -> Iterator[Feed]:
        """Subscribe."""
        feed = _Feed()
        with self._lock:
            self._feeds.append(feed)
        try:
            yield feed
        finally:
            with self._lock:
                self._feeds.remove(feed)

    def close(self) -> None:
        """Nothing to give up."""


class _Feed:
    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[State] = queue.SimpleQueue()
        self.put = self._queue.put

    def next(self, timeout_s: float) -> State | None:
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
