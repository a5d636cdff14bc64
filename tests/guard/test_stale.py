"""Stale-if-error: the last good context stands in for one that Zep failed to give."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from awaiting import eventually
from prometheus_client import CollectorRegistry

from guard import Answer, Kind, MemoryGuard, Mode, Policy
from guard.clock import SystemClock
from guard.machine import Clear, Force
from guard.metrics import Metrics
from guard.parts import Parts
from guard.ports import Cache, Store
from guard.stores.cache import RedisCache
from guard.stores.connection import connect
from guard.stores.memory import LocalCache, MemoryStore
from guard.stores.redis import RedisStore
from guard.testing import ScriptedMemory, World

# Zep is scripted: these tests are about the guard's answers.  Stores and caches are real.

POLICY = Policy(stale_s=600, context_ttl_s=0)
OLD = "# facts\n- likes tea"


class Fleet:
    """Guards that share a store and a cache, with a memory each."""

    def __init__(self, make: Callable[[Policy], tuple[Store, Cache]]) -> None:
        self._make = make
        self.guards: list[MemoryGuard] = []

    def join(self, policy: Policy = POLICY) -> tuple[MemoryGuard, ScriptedMemory]:
        store, cache = self._make(policy)
        memory, metrics = ScriptedMemory(), Metrics(CollectorRegistry())
        self.guards.append(MemoryGuard(Parts(memory, store, policy, metrics=metrics, cache=cache)))
        memory.says(OLD)
        return self.guards[-1], memory


@pytest.fixture(params=["memory", "redis"])
def fleet(request) -> Iterator[Fleet]:
    clock, prefix, stores = SystemClock(), f"{{{uuid.uuid4().hex}}}:", {}

    def local(policy: Policy) -> tuple[Store, Cache]:
        return stores.setdefault(
            "one", (MemoryStore(policy, clock), LocalCache(clock, stale_s=policy.stale_s))
        )

    def shared(policy: Policy) -> tuple[Store, Cache]:
        connections = connect(request.getfixturevalue("redis_url"))
        cache = RedisCache(connections.patient, clock, prefix, policy.stale_s)
        return RedisStore(connections, policy, clock, prefix), cache

    fleet = Fleet(shared if request.param == "redis" else local)
    try:
        yield fleet
    finally:
        for guard in fleet.guards:
            guard.close()


def test_what_zep_said_last_stands_in_for_every_process_of_the_fleet(fleet):
    (first, memory), (second, _) = fleet.join(), fleet.join()
    assert first.fetch_context("t").trace["source"] == "zep"
    memory.fails(Kind.AUTH, status_code=401)
    failed = first.fetch_context("t")
    assert (failed.answer, failed.text, failed.trace["source"]) == (Answer.FOUND, OLD, "stale")
    assert (failed.trace["reason"], failed.trace["status_code"], failed.trace["used"]) == ("auth", 401, True)
    assert 0 <= failed.trace["age_s"] < 30
    eventually(lambda: second.mode is Mode.WRITE_ONLY)
    held = second.fetch_context("t")
    assert (held.text, held.trace["source"], held.trace["mode"]) == (OLD, "stale", "write_only")
    assert held.trace["until"]
    assert second.fetch_context("another").answer is Answer.UNAVAILABLE


def test_nothing_stands_in_while_an_operator_forces(fleet):
    guard, _ = fleet.join()
    guard.fetch_context("t")
    store = guard._core._parts.store
    store.apply(Force(Mode.WRITE_ONLY, "rollback", 600, "test"))
    eventually(lambda: guard.mode is Mode.WRITE_ONLY)
    assert guard.fetch_context("t").answer is Answer.UNAVAILABLE
    store.apply(Clear("test"))


def test_a_thread_that_zep_says_no_to_is_forgotten(fleet):
    guard, memory = fleet.join()
    guard.fetch_context("t")
    memory.fails(Kind.CLIENT, status_code=404)
    assert guard.fetch_context("t").answer is Answer.UNAVAILABLE
    memory.fails(Kind.SERVER)
    assert guard.fetch_context("t").answer is Answer.UNAVAILABLE


def test_an_empty_memory_is_no_context_to_remember(fleet):
    guard, memory = fleet.join()
    guard.fetch_context("t")
    memory.says(None)
    guard.fetch_context("t")
    memory.fails(Kind.SERVER)
    assert guard.fetch_context("t").answer is Answer.UNAVAILABLE


def test_off_unless_it_is_asked_for(fleet):
    guard, memory = fleet.join(Policy(context_ttl_s=0.001))
    guard.fetch_context("t")
    memory.fails(Kind.SERVER)
    eventually(lambda: guard.fetch_context("t").answer is Answer.UNAVAILABLE)


def test_it_is_too_old_in_the_end_and_the_age_is_told_before():
    world = World(policy=POLICY)
    world.memory.says(OLD)
    world.guard.fetch_context("t")
    world.memory.fails(Kind.AUTH)
    world.clock.advance(599)
    assert world.guard.fetch_context("t").trace["age_s"] == 599
    assert world.metric("memory_zep_context_stale_total") == 1
    assert world.metric("memory_zep_context_failures_total", reason="auth") == 1
    world.clock.advance(1)
    assert world.guard.fetch_context("t").answer is Answer.UNAVAILABLE


def test_a_write_does_not_lose_what_stands_in():
    world = World(policy=POLICY)
    world.memory.says(OLD)
    world.guard.fetch_context("t")
    world.memory.fails(Kind.SERVER)
    world.guard.add_messages("t", [{"role": "user", "content": "hi"}])
    assert world.guard.fetch_context("t").text == OLD


async def _turns(world: World) -> list[str]:
    async with world.async_guard() as guard:
        await guard.fetch_context("t")
        world.memory.fails(Kind.AUTH)
        return [(await guard.fetch_context("t")).trace["source"] for _ in range(2)]


def test_asyncio_says_the_same():
    import asyncio

    world = World(policy=POLICY)
    world.memory.says(OLD)
    assert asyncio.run(_turns(world)) == ["stale", "stale"]
