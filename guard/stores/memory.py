"""The state and the contexts of one process, for a single worker or for tests."""

from __future__ import annotations

import queue
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from guard.history import KEPT, TURNS, Turn, turn
from guard.machine import Event, State, Verb, step
from guard.policy import Policy
from guard.ports import Cached, Clock, Feed, LastGood


class MemoryStore:
    """Implements `ports.Store` with a lock; failure paths only, the healthy path never comes here."""

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._state = State()
        self._history: deque[Turn] = deque(maxlen=KEPT)
        self._lock = Lock()
        self._feeds: list[_Feed] = []
        self._writes_open_until = 0.0

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

    def show_writes(self, *, open_s: float) -> None:
        """Let `status` know of an open write breaker."""
        self._writes_open_until = self._clock.monotonic() + open_s

    def writes_open(self) -> bool:
        """Tell whether the write breaker is open."""
        return self._clock.monotonic() < self._writes_open_until

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


_Entries = OrderedDict[str, tuple[Cached, float]]
"""By thread: what is known, and until when."""


class LocalCache:
    """Implements `ports.Cache` for one process: the threads used last; last good ones for `stale_s`."""

    def __init__(self, clock: Clock, size: int = 1000, stale_s: float = 0.0) -> None:
        self._clock = clock
        self._size = size
        self._stale_s = stale_s
        self._entries: _Entries = OrderedDict()
        self._last_good: _Entries = OrderedDict()
        self._lock = Lock()

    def get(self, thread_id: str) -> Cached | None:
        """Return what is known and not too old."""
        with self._lock:
            return self._fresh(self._entries, thread_id)

    def fill(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a read brought, unless a write was faster."""
        with self._lock:
            if self._fresh(self._entries, thread_id) is None:
                self._keep(thread_id, entry, ttl_s)

    def replace(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a write brought."""
        with self._lock:
            self._keep(thread_id, entry, ttl_s)

    def last_good(self, thread_id: str) -> LastGood | None:
        """Return what stands in during an outage."""
        with self._lock:
            entry = self._fresh(self._last_good, thread_id)
            if entry is None or not entry.text:
                return None
            left_s = self._last_good[thread_id][1] - self._clock.monotonic()
            return LastGood(entry.text, self._stale_s - left_s)

    def drop(self, thread_id: str) -> bool:
        """Stop serving a thread, but for an outage; tell whether it was known."""
        with self._lock:
            return self._entries.pop(thread_id, None) is not None

    def forget(self, thread_id: str) -> bool:
        """Forget all of a thread; tell whether it was known."""
        with self._lock:
            known = [entries.pop(thread_id, None) for entries in (self._entries, self._last_good)]
            return any(known)

    def _fresh(self, entries: _Entries, thread_id: str) -> Cached | None:
        entry, until = entries.get(thread_id, (None, 0.0))
        return entry if self._clock.monotonic() < until else None

    def _keep(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        if ttl_s:
            self._put(self._entries, thread_id, entry, ttl_s)
        if self._stale_s and not entry.failed:
            self._put(self._last_good, thread_id, entry, self._stale_s)

    def _put(self, entries: _Entries, thread_id: str, entry: Cached, ttl_s: float) -> None:
        entries[thread_id] = (entry, self._clock.monotonic() + ttl_s)
        entries.move_to_end(thread_id)
        if len(entries) > self._size:
            entries.popitem(last=False)


class _Feed:
    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[State] = queue.SimpleQueue()
        self.put = self._queue.put

    def next(self, timeout_s: float) -> State | None:
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
