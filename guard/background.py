"""Writes that nobody waits for: a bounded queue and a few threads."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock, Thread

from guard.context import Context
from guard.forks import in_child
from guard.metrics import WRITE_OP, Metrics
from guard.ports import Message
from guard.service import MemoryGuard
from guard.written import Written

_Job = Callable[[], Written]


class BackgroundWriter:
    """Hands messages to `guard.add_messages` from its own threads; start it after a fork (first use does).

    A thread's messages keep their order: the queue is picked by thread id.  When a queue is full the newest
    messages are refused and counted, never the caller delayed.
    """

    def __init__(self, guard: MemoryGuard, metrics: Metrics, *, threads: int = 4, depth: int = 250) -> None:
        self._guard = guard
        self._metrics = metrics
        self._queues: list[queue.Queue[_Job]] = [queue.Queue(depth) for _ in range(threads)]
        self._started = False
        self._lock = Lock()
        in_child(self._stop_being_parent)

    def submit(
        self,
        thread_id: str,
        messages: Sequence[Message],
        user_id: str | None = None,
        *,
        client_msg_id: str | None = None,
        context: Context | None = None,
    ) -> bool:
        """Queue what `MemoryGuard.add_messages` takes; False when the queue is full: it was refused."""
        if not self._started:
            self._start()
        lane = self._queues[hash(thread_id) % len(self._queues)]
        try:
            lane.put_nowait(
                partial(
                    self._guard.add_messages,
                    thread_id,
                    messages,
                    user_id=user_id,
                    client_msg_id=client_msg_id,
                    context=context,
                )
            )
        except queue.Full:
            self._metrics.count("memory_zep_write_skipped", WRITE_OP, "overflow")
            return False
        return True

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                for lane in self._queues:
                    Thread(target=self._drain, args=(lane,), name="zep-guard-write", daemon=True).start()
                self._started = True

    def _stop_being_parent(self) -> None:
        """What the parent queued is the parent's to write, by its own threads."""
        self._queues = [queue.Queue(lane.maxsize) for lane in self._queues]
        self._started = False
        self._lock = Lock()

    def _drain(self, lane: queue.Queue[_Job]) -> None:
        while True:
            lane.get()()
