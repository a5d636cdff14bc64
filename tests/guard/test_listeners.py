"""Listeners hear, as typed events, what an application may want to react to."""

from __future__ import annotations

import threading
import uuid

import pytest
from awaiting import eventually
from prometheus_client import CollectorRegistry

from guard import Kind, MemoryGuard, Mode, Policy
from guard.clock import Dice, SystemClock
from guard.listeners import ReadsBack, ReadsHeld, ReadsRecovering, StoreBack, StoreLost
from guard.machine import Clear
from guard.metrics import Metrics
from guard.parts import Parts
from guard.stores.connection import connect
from guard.stores.memory import MemoryStore
from guard.stores.redis import RedisStore
from guard.testing import ScriptedMemory, World

# Zep is scripted: what the guard makes of its answers is the point.


def world_of(heard: list, policy: Policy | None = None, **changes) -> World:
    return World(policy=policy, dice=Dice(jitter=lambda: 0.0), listeners=(heard.append,), **changes)


def read(world: World) -> None:
    world.guard.fetch_context("t")
    world.advance(0)


def test_a_hold_a_failed_probe_and_the_recovery_are_told_once_each():
    heard = []
    world = world_of(heard)
    read(world)
    assert heard == []
    world.memory.fails(Kind.AUTH)
    read(world)
    read(world)
    assert heard == [ReadsHeld("auth", "auto", Mode.WRITE_ONLY, 300.0)]
    world.advance(300)
    assert heard[1:] == [ReadsHeld("probe_failed", "auto", Mode.WRITE_ONLY, 300.0)]
    world.memory.says("facts")
    world.advance(300)
    assert heard[2:] == [ReadsBack()]


def test_each_share_of_a_recovery_is_told():
    heard = []
    world = world_of(heard, Policy(ramp_percent=(10, 50, 100), ramp_successes=1))
    world.force(Mode.OFF, ttl_s=5)
    world.advance(5)
    read(world)
    read(world)
    held = ReadsHeld("manual", "test", Mode.OFF, 5.0)
    assert heard == [held, ReadsRecovering(10), ReadsRecovering(50), ReadsBack()]


def test_who_reads_nothing_hears_nothing():
    heard = []
    world = world_of(heard, base_mode=Mode.WRITE_ONLY)
    world.force(Mode.OFF)
    world.advance(0)
    assert heard == []


def test_a_listener_that_raises_is_logged_and_the_next_one_hears(caplog):
    heard = []
    world = World(listeners=(lambda _: 1 / 0, heard.append))
    world.force(Mode.OFF)
    assert "a listener stumbled" in caplog.text
    assert len(heard) == 1


def join(store, heard) -> MemoryGuard:
    metrics = Metrics(CollectorRegistry())
    return MemoryGuard(Parts(ScriptedMemory(), store, metrics=metrics, listeners=(heard,)))


@pytest.mark.parametrize("where", ["memory", "redis"])
def test_every_process_hears_what_one_of_them_met_even_if_a_listener_hangs(where, request):
    clock, prefix = SystemClock(), f"{{{uuid.uuid4().hex}}}:"
    local, hangs, heard, guards = MemoryStore(Policy(), clock), threading.Event(), [], []
    try:
        for hear in (lambda _: hangs.wait(30), heard.append):
            store = local
            if where == "redis":
                store = RedisStore(connect(request.getfixturevalue("redis_url")), Policy(), clock, prefix)
            guards.append(join(store, hear))
        guards[1]._memory.fails(Kind.AUTH)
        guards[1].fetch_context("t")
        eventually(lambda: [type(one) for one in heard] == [ReadsHeld])
        assert heard[0].reason == "auth"
        eventually(lambda: guards[0].mode is Mode.WRITE_ONLY)
        guards[1]._core._parts.store.apply(Clear("test"))
        eventually(lambda: guards[0].mode is Mode.READ_WRITE)  # whose listener hangs
    finally:
        hangs.set()
        for guard in guards:
            guard.close()


def test_a_lost_redis_is_told_and_its_return(own_redis):
    heard = []
    guard = join(RedisStore(connect(own_redis.url), Policy(), SystemClock()), heard.append)
    try:
        own_redis.stop()
        eventually(lambda: heard == [StoreLost()])
        own_redis.start()
        eventually(lambda: heard == [StoreLost(), StoreBack()])
    finally:
        guard.close()
