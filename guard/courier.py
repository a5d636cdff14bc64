"""The background worker of one process: knows whether the outbox is empty, and empties it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

from guard.errors import StoreError
from guard.forks import in_child
from guard.metrics import Metrics
from guard.ports import Outbox

log = logging.getLogger("guard")

TICK_S = 0.25
"""How often depth and age are looked at, which also notices a subscription gone stale; and between drains."""
CLOSING_S = 2.0
"""How long `close` waits for a replay that is under way: a write's deadline and a little more."""


class Courier:
    """A thread that follows the outbox and calls `drain` while there is something in it.

    It begins with the guard, in a forked child with the first write: under gevent with --preload a thread
    that began at the fork would be none of gevent's, and share connections with greenlets.
    """

    def __init__(self, outbox: Outbox, metrics: Metrics, drain: Callable[[], object]) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._drain = drain
        self._thread: Thread | None = None
        self._sleep()
        self.wake()
        in_child(self._sleep)

    def wake(self) -> None:
        """Begin, unless it has."""
        try:
            self._beginning.pop()  # atomic: one of several callers gets it, and no thread starts under a lock
        except IndexError:
            return
        self._thread = Thread(target=self._run, args=(self._stop,), name="zep-guard-outbox", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; what waits is for the others, or for later."""
        self._beginning.clear()
        self._stop.set()
        if self._thread:
            self._thread.join(CLOSING_S)

    def _sleep(self) -> None:
        self._stop = Flag()
        self._thread = None
        self._beginning = [True]

    def _run(self, stop: Flag) -> None:
        while not stop.is_set():
            try:
                with self._outbox.follow() as hear:
                    while not stop.is_set():
                        self._step()
                        hear(TICK_S)
            except StoreError:
                stop.wait(TICK_S)
            except Exception:  # a bug here must not end the worker: without it nothing is replayed
                log.exception("the outbox's worker stumbled and goes on")
                stop.wait(TICK_S)

    def _step(self) -> None:
        waiting = self._outbox.look()
        self._metrics.outbox(waiting.depth, waiting.oldest_s)
        if waiting.depth:
            self._drain()
