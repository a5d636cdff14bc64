"""The slow-call trip: reason `latency` when the share of slow reads in a window passes its limit."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from awaiting import eventually
from prometheus_client import CollectorRegistry
from slow_memory import SlowMemory

from guard import MemoryGuard, Mode, Policy
from guard.clock import SystemClock
from guard.metrics import Metrics
from guard.parts import Parts
from guard.shadow import AutoDowngrade
from guard.stores.connection import connect
from guard.stores.memory import MemoryStore
from guard.stores.redis import RedisStore
from guard.testing import ScriptedMemory, World

# Zep is scripted and takes as long as told: by the clock of the world, nobody waits.

POLICY = Policy(slow_ms=200)


@pytest.fixture(params=["threads", "asyncio"])
def make_world(request):
    def make(policy: Policy = POLICY, **changes) -> World:
        memory = SlowMemory()
        world = World(policy=policy, memory=memory, **changes)
        memory.clock = world.clock
        guard = world.async_guard() if request.param == "asyncio" else None
        world.fetch = lambda: world.guard.fetch_context("t")
        if guard:
            world.fetch = lambda: runner.run(guard.fetch_context("t"))
        return world

    with asyncio.Runner() as runner:
        yield make


def read(world: World, *took_s: float) -> Mode:
    for seconds in took_s:
        world.memory.took_s = seconds
        world.fetch()
    world.guard.step()
    return world.guard.mode


def test_half_of_twenty_reads_stop_all(make_world):
    world = make_world()
    assert read(world, *[0.01, 0.2] * 9, 0.01) is Mode.READ_WRITE
    assert read(world, 0.2, 0.2) is Mode.WRITE_ONLY
    assert world.fetch().trace["reason"] == "latency"
    assert world.metric("memory_zep_downgrades_total", reason="latency") == 1


def test_fewer_than_half_stop_nothing(make_world):
    assert read(make_world(), *[0.01, 0.2, 0.01] * 30) is Mode.READ_WRITE


def test_few_reads_say_nothing(make_world):
    assert read(make_world(), *[0.2] * 19) is Mode.READ_WRITE


def test_the_share_is_that_of_ten_seconds(make_world):
    world = make_world()
    read(world, *[0.2] * 15)
    world.advance(10)
    assert read(world, *[0.2] * 15) is Mode.READ_WRITE
    assert read(world, *[0.2] * 5) is Mode.WRITE_ONLY


def test_a_long_fast_past_does_not_hide_a_slow_present(make_world):
    world = make_world()
    read(world, *[0.01] * 3000)
    assert read(world, *[0.2] * 20) is Mode.WRITE_ONLY


def test_timeouts_are_slow_too(make_world):
    world = make_world()
    assert read(world, *[0.3, 0.01] * 10, 0.3) is Mode.WRITE_ONLY  # never three in a row
    assert world.fetch().trace["reason"] == "latency"


def test_what_was_slow_before_a_hold_is_forgotten_after_it(make_world):
    world = make_world(Policy(slow_ms=200, hold_s=1))
    read(world, *[0.2] * 15)
    world.force(Mode.WRITE_ONLY, ttl_s=1)
    world.advance(1)
    assert read(world, *[0.2] * 15) is Mode.READ_WRITE


def test_shadow_mode_only_says_so(make_world):
    world = make_world(auto_downgrade=AutoDowngrade.SHADOW)
    assert read(world, *[0.2] * 20) is Mode.READ_WRITE
    assert world.metric("memory_guard_shadow_decisions_total", reason="latency") == 1


def test_off_unless_asked_for(make_world):
    assert read(make_world(Policy()), *[0.24] * 100) is Mode.READ_WRITE


@pytest.mark.parametrize("where", ["memory", "redis"])
def test_the_fleet_stops_when_one_process_says_so(where, request):
    clock, prefix, policy = SystemClock(), f"{{{uuid.uuid4().hex}}}:", Policy(slow_ms=0.000001, slow_least=5)
    local, guards = MemoryStore(policy, clock), []
    try:
        for _ in range(2):
            store = local
            if where == "redis":
                store = RedisStore(connect(request.getfixturevalue("redis_url")), policy, clock, prefix)
            parts = Parts(ScriptedMemory(), store, policy, metrics=Metrics(CollectorRegistry()))
            guards.append(MemoryGuard(parts))
        for _ in range(5):
            assert guards[1].mode is Mode.READ_WRITE
            guards[0].fetch_context("t")
        eventually(lambda: guards[1].mode is Mode.WRITE_ONLY)
        assert guards[1].fetch_context("t").trace["reason"] == "latency"
    finally:
        for guard in guards:
            guard.close()
