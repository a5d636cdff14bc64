"""Writes that nobody waits for keep their order, are bounded, and are counted when refused."""

from __future__ import annotations

import os
from threading import Event as Flag
from threading import Lock

import pytest
from awaiting import eventually

from guard.background import BackgroundWriter
from guard.testing import ScriptedMemory, World


class SlowMemory(ScriptedMemory):
    """Takes a write when the gate opens. Scripted: the point is the queue in front, not Zep."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Flag()
        self.written: list[str] = []
        self._lock = Lock()

    def write(self, thread_id, messages, **options):
        self.gate.wait(5)
        with self._lock:
            self.written.append(messages[0]["content"])

    def close(self):
        self.gate.set()


@pytest.fixture
def world():
    world = World(memory=SlowMemory())
    yield world
    world.guard.close()


@pytest.fixture
def make_writer(world):
    return lambda **options: BackgroundWriter(world.guard, world.metrics, **options)


def test_the_writes_of_a_thread_keep_their_order(world, make_writer):
    memory, writer = world.memory, make_writer(threads=3)
    for n in range(20):
        assert writer.submit("t", [{"role": "user", "content": str(n)}])
    assert memory.written == []  # submit does not wait for the gate
    memory.gate.set()
    eventually(lambda: len(memory.written) == 20)
    assert memory.written == [str(n) for n in range(20)]


def test_a_full_queue_refuses_and_counts(world, make_writer):
    writer = make_writer(threads=1, depth=2)
    said = [{"role": "user", "content": "hi"}]
    results = [writer.submit("t", said) for _ in range(10)]
    refused = results.count(False)
    assert refused >= 7  # two queued, one in the worker's hands
    skipped = world.metric("memory_zep_write_skipped_total", op="add_messages", reason="overflow")
    assert skipped == refused


def test_a_forked_child_writes_its_own_and_not_the_parents(world, make_writer):
    writer = make_writer(threads=1)
    writer.submit("t", [{"role": "user", "content": "of the parent"}])
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            world.memory.gate.set()
            writer.submit("t", [{"role": "user", "content": "of the child"}])
            eventually(lambda: world.memory.written)
            os.write(write_end, ",".join(world.memory.written).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        assert pipe.read() == b"of the child"
    os.waitpid(child, 0)
