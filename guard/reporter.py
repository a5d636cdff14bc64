"""Tells the fleet of outcomes, in their order, beside the callers that had them.

A caller that waited for Redis would lose 0.1 ms on every failure, and 100 ms and more when Redis hangs.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from threading import Lock, Thread

from guard.machine import Event, Failed, Succeeded, Verb

log = logging.getLogger("guard")

Outcome = Failed | Succeeded
CLOSING_S = 0.5
"""How long `close` waits for what is under way: five commands that time out."""


class Reporter:
    """A queue and a thread, which begin with the first outcome: most processes never have one to tell.

    Until then neither exists, also because gevent may replace both after this object was made (--preload).
    """

    def __init__(self, apply: Callable[[Event], Verb]) -> None:
        self.untold: list[Outcome] = []
        self._apply = apply
        self._queue: queue.SimpleQueue[Outcome | None] | None = None
        self._thread: Thread | None = None
        self._lock = Lock()

    def note(self, outcome: Outcome) -> None:
        """Remember what the fleet has not heard yet."""
        with self._lock:
            self.untold.append(outcome)

    def tell(self, outcome: Outcome) -> None:
        """Queue what was noted.  Not to be called under a lock: starting a thread may switch greenlets."""
        begin = None
        with self._lock:
            if self._queue is None:
                self._queue = queue.SimpleQueue()
                self._thread = begin = Thread(
                    target=self._run, args=(self._queue,), name="zep-guard-report", daemon=True
                )
            self._queue.put(outcome)
        if begin:
            begin.start()

    def told(self, event: Event) -> None:
        """Note that the fleet, or in its absence this process, has heard an event."""
        with self._lock:
            self.untold = [outcome for outcome in self.untold if outcome is not event]

    def close(self) -> None:
        """Tell what is queued, and stop."""
        with self._lock:
            waiting, thread, self._queue = self._queue, self._thread, None
        if waiting and thread:
            waiting.put(None)
            thread.join(CLOSING_S)

    def _run(self, waiting: queue.SimpleQueue[Outcome | None]) -> None:
        while True:
            outcome = waiting.get()
            if outcome is None:
                return
            try:
                self._apply(outcome)
            except Exception:  # a bug here must not end the thread: without it the fleet hears nothing
                log.exception("the reporter stumbled and goes on")
