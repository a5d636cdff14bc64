"""Callers at the same time: one read for all who ask about a thread, and what cancelling one of them does."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event as Flag

import pytest
from awaiting import eventually

from guard import Answer, AsyncMemoryGuard, Kind, MemoryFailure, MemoryGuard, Mode, Policy
from guard.clock import SystemClock
from guard.parts import Parts
from guard.ports import Reading
from guard.stores.memory import MemoryStore
from guard.testing import AsyncScriptedMemory, ScriptedMemory

# Zep is a gate here: what matters is who waits at it.


@dataclass
class Gate(ScriptedMemory):
    """Reads wait at the gate."""

    open: Flag = field(default_factory=Flag)

    def read(self, thread_id, *, timeout_ms):
        self.reads.append(thread_id)
        self.open.wait(5)
        return self._told()

    def probe(self, thread_id, *, timeout_ms, connect_ms):
        self.probes.append(thread_id)
        self.open.wait(5)
        self._told()


class AsyncGate(AsyncScriptedMemory):
    """Reads wait at the gate, until their deadline."""

    def __init__(self, scripted: ScriptedMemory) -> None:
        super().__init__(scripted)
        self.reads: list[str] = []
        self.open = asyncio.Event()
        self.asked = asyncio.Event()
        self.answer: Reading | MemoryFailure = Reading("facts")

    async def read(self, thread_id, *, timeout_ms):
        self.reads.append(thread_id)
        self.asked.set()
        await self.open.wait()
        if isinstance(self.answer, MemoryFailure):
            raise self.answer
        return self.answer


@pytest.fixture
def parts() -> Parts[Gate]:
    policy = Policy(read_timeout_ms=5000)
    return Parts(Gate(), MemoryStore(policy, SystemClock()), policy)


@pytest.fixture
def guard(parts):
    with MemoryGuard(parts) as guard:
        yield guard
        parts.memory.open.set()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as pool:
        yield pool


def test_concurrent_reads_of_a_thread_make_one_call(parts, guard, pool):
    waiting = [pool.submit(guard.fetch_context, "t") for _ in range(10)]
    other = pool.submit(guard.fetch_context, "other")
    eventually(lambda: sorted(parts.memory.reads) == ["other", "t"])
    parts.memory.open.set()
    contexts = [future.result(5) for future in waiting]
    assert {context.text for context in contexts} == {"facts"}
    assert len({id(context.trace) for context in contexts}) == 10  # each may do with its trace what it likes
    assert other.result(5).text == "facts"
    assert sorted(parts.memory.reads) == ["other", "t"]


def test_a_failure_shared_by_many_counts_once(parts, guard, pool):
    parts.memory.fails(Kind.TIMEOUT)
    waiting = [pool.submit(guard.fetch_context, "t") for _ in range(10)]
    eventually(lambda: parts.memory.reads)
    parts.memory.open.set()
    reasons = {future.result(5).trace["reason"] for future in waiting}
    assert reasons == {"timeout"}
    assert guard.mode is Mode.READ_WRITE


def test_who_waits_for_anothers_read_keeps_its_own_deadline_and_counts_nothing(parts, guard, pool):
    leader = pool.submit(guard.fetch_context, "t")
    eventually(lambda: parts.memory.reads)
    for _ in range(3):
        context = guard.fetch_context("t", timeout_ms=20)
        assert (context.answer, context.trace["reason"]) == (Answer.UNAVAILABLE, "local")
    assert parts.store.read().failed_at == ()
    parts.memory.open.set()
    assert leader.result(5).text == "facts"


def test_a_read_that_was_cut_off_leaves_nobody_waiting(parts, guard, pool):
    parts.memory._answer = KeyboardInterrupt()
    leader = pool.submit(guard.fetch_context, "t")
    eventually(lambda: parts.memory.reads)
    follower = pool.submit(guard.fetch_context, "t")
    parts.memory.open.set()
    assert isinstance(leader.exception(5), KeyboardInterrupt)
    assert follower.result(5).answer is not Answer.FOUND
    parts.memory.says("facts")
    assert guard.fetch_context("t").text == "facts"
    assert parts.store.read().failed_at == ()


def test_a_guard_that_is_closed_while_it_probes_gives_the_slot_back(parts):
    policy = Policy(hold_s=0.05)
    parts = replace(parts, policy=policy, store=MemoryStore(policy, SystemClock()))
    guard = MemoryGuard(parts)
    parts.memory._answer = MemoryFailure(Kind.AUTH)
    parts.memory.open.set()
    guard.fetch_context("t")
    parts.memory.open.clear()
    eventually(lambda: parts.store.read().token)
    guard.close()
    state = parts.store.read()
    assert (state.token, state.reason) == ("", "auth")  # free for another process, and not a failed probe
    parts.memory.open.set()


async def asking(guard: AsyncMemoryGuard, memory: AsyncGate, callers: int) -> list[asyncio.Task]:
    tasks = [asyncio.create_task(guard.fetch_context("t")) for _ in range(callers)]
    await memory.asked.wait()
    return tasks


def test_asyncio_concurrent_reads_of_a_thread_make_one_call(parts):
    async def scene():
        memory = AsyncGate(parts.memory)
        async with AsyncMemoryGuard(replace(parts, memory=memory)) as guard:
            tasks = await asking(guard, memory, 10)
            memory.open.set()
            assert {context.text for context in await asyncio.gather(*tasks)} == {"facts"}
            assert memory.reads == ["t"]

    asyncio.run(scene())


def test_asyncio_a_caller_that_is_cancelled_takes_nobody_along_and_is_no_failure(parts):
    async def scene():
        memory = AsyncGate(parts.memory)
        async with AsyncMemoryGuard(replace(parts, memory=memory)) as guard:
            for _ in range(3):
                memory.reads.clear()
                memory.asked.clear()
                memory.open.clear()
                first, second = await asking(guard, memory, 2)
                first.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await first
                memory.open.set()
                assert (await second).text == "facts"
                assert memory.reads == ["t"]

    asyncio.run(scene())
    assert parts.store.read().failed_at == ()


def test_asyncio_a_loop_that_ends_in_mid_read_is_no_failure(parts):
    async def scene():
        memory = AsyncGate(parts.memory)
        guard = AsyncMemoryGuard(replace(parts, memory=memory))
        await asking(guard, memory, 3)
        return guard

    guard = asyncio.run(scene())
    assert parts.store.read().failed_at == ()
    asyncio.run(guard.aclose())


def test_asyncio_a_backend_that_hangs_ends_at_the_deadline(parts):
    async def scene():
        memory = AsyncGate(parts.memory)
        async with AsyncMemoryGuard(replace(parts, memory=memory)) as guard:
            context = await guard.fetch_context("t", timeout_ms=20)
            assert context.trace["reason"] == "timeout"

    asyncio.run(scene())
    assert len(parts.store.read().failed_at) == 1
