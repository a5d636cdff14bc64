"""Writes that nobody waits for keep their order, are bounded, and are counted when refused."""

from __future__ import annotations

from threading import Event as Flag
from threading import Lock

import pytest
from awaiting import eventually
from prometheus_client import CollectorRegistry

from guard.background import BackgroundWriter
from guard.clock import SystemClock
from guard.metrics import Metrics
from guard.policy import Policy
from guard.ports import Reading
from guard.service import MemoryGuard, Parts
from guard.stores.memory import MemoryStore


class SlowMemory:
    """Takes a write when the gate opens. Scripted: the point is the queue in front, not Zep."""

    def __init__(self) -> None:
        self.gate = Flag()
        self.written: list[str] = []
        self._lock = Lock()

    def read(self, thread_id, *, timeout_ms):
        return Reading(None)

    def write(self, thread_id, messages, *, timeout_ms, user_id, idempotency_key):
        self.gate.wait(5)
        with self._lock:
            self.written.append(messages[0]["content"])

    def probe(self, thread_id, *, timeout_ms, connect_ms): ...

    def close(self):
        self.gate.set()


@pytest.fixture
def slow():
    memory, registry = SlowMemory(), CollectorRegistry()
    metrics = Metrics(registry)
    clock = SystemClock()
    guard = MemoryGuard(Parts(memory, MemoryStore(Policy(), clock), metrics=metrics))
    yield memory, registry, guard, metrics
    guard.close()


def test_the_writes_of_a_thread_keep_their_order(slow):
    memory, _, guard, metrics = slow
    writer = BackgroundWriter(guard, metrics, threads=3)
    for n in range(20):
        assert writer.submit("t", [{"role": "user", "content": str(n)}])
    assert memory.written == []  # submit does not wait for the gate
    memory.gate.set()
    eventually(lambda: len(memory.written) == 20)
    assert memory.written == [str(n) for n in range(20)]


def test_a_full_queue_refuses_and_counts(slow):
    _, registry, guard, metrics = slow
    writer = BackgroundWriter(guard, metrics, threads=1, depth=2)
    said = [{"role": "user", "content": "hi"}]
    results = [writer.submit("t", said) for _ in range(10)]
    refused = results.count(False)
    assert refused >= 7  # two queued, one in the worker's hands
    sample = {"op": "add_messages", "reason": "overflow"}
    assert registry.get_sample_value("memory_zep_write_skipped_total", sample) == refused
