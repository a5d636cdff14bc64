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
    """Hands messages to `guard.add_messages` from its own threads; they begin with the first use.

    A thread's messages keep their order: the queue is picked by thread id.  When a queue is full the newest
    messages are refused and counted, never the caller delayed.
    """

    def __init__(self, guard: MemoryGuard, metrics: Metrics, *, threads: int = 4, depth: int = 250) -> None:
        self._guard = guard
        self._metrics = metrics
        self._threads = threads
        self._depth = depth
        self._queues: list[queue.Queue[_Job]] = []
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
        lanes = self._queues or self._started()
        lane = lanes[hash(thread_id) % len(lanes)]
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

    def _started(self) -> list[queue.Queue[_Job]]:
        """Make the queues and start their threads, now rather than earlier: see `Reporter`."""
        with self._lock:
            if self._queues:
                return self._queues
            lanes: list[queue.Queue[_Job]] = [queue.Queue(self._depth) for _ in range(self._threads)]
            self._queues = lanes
        for lane in lanes:
            Thread(target=self._drain, args=(lane,), name="zep-guard-write", daemon=True).start()
        return lanes

    def _stop_being_parent(self) -> None:
        """What the parent queued is the parent's to write, by its own threads."""
        self._queues = []
        self._lock = Lock()

    def _drain(self, lane: queue.Queue[_Job]) -> None:
        while True:
            lane.get()()
