"""Tells the fleet of outcomes, in their order, beside the callers that had them.

A caller that waited for Redis would lose 0.1 ms on every failure, and 100 ms and more when Redis hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread

from guard.machine import Event, Failed, Succeeded, Verb

log = logging.getLogger("guard")

Outcome = Failed | Succeeded
CLOSING_S = 0.5
"""How long `close` waits for what is under way: five commands that time out."""


class Reporter:
    """A queue and a thread, which begins with the first outcome: most processes never have one to tell."""

    def __init__(self, apply: Callable[[Event], Verb]) -> None:
        self._apply = apply
        self._queue: SimpleQueue[Outcome | None] = SimpleQueue()
        self.untold: list[Outcome] = []
        self._lock = Lock()
        self._thread: Thread | None = None

    def put(self, outcome: Outcome) -> None:
        """Queue an outcome."""
        with self._lock:
            self.untold.append(outcome)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="zep-guard-report", daemon=True)
                self._thread.start()
        self._queue.put(outcome)

    def told(self, event: Event) -> None:
        """Note that the fleet, or in its absence this process, has heard an event."""
        with self._lock:
            self.untold = [outcome for outcome in self.untold if outcome is not event]

    def close(self) -> None:
        """Tell what is queued, and stop."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread:
            self._queue.put(None)
            thread.join(CLOSING_S)

    def _run(self) -> None:
        while True:
            outcome = self._queue.get()
            if outcome is None:
                return
            try:
                self._apply(outcome)
            except Exception:  # a bug here must not end the thread: without it the fleet hears nothing
                log.exception("the reporter stumbled and goes on")
