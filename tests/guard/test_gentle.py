"""Gentle recovery: after a probe a share of reads goes out, grows with successes, and ends at a failure."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest
from awaiting import eventually
from prometheus_client import CollectorRegistry

from guard import Kind, MemoryGuard, Mode, Policy
from guard.clock import Dice, SystemClock
from guard.machine import Done, Lease, Phase, ProbeResult, Succeeded, Verb
from guard.metrics import Metrics
from guard.parts import Parts
from guard.shadow import AutoDowngrade
from guard.stores.connection import connect
from guard.stores.memory import MemoryStore
from guard.stores.redis import RedisStore
from guard.testing import ScriptedMemory, World

# Zep and the dice are scripted: what they decide is the point.

RAMP = Policy(ramp_percent=(10, 30, 60, 100))


class Thrown:
    """Dice that fall as told."""

    def __init__(self) -> None:
        self.falls = 0.0

    def __call__(self) -> float:
        return self.falls


@pytest.fixture
def thrown() -> Thrown:
    return Thrown()


@pytest.fixture(params=["threads", "asyncio"])
def recovering(request, thrown):
    """A world whose probe has just succeeded; `fetch` reads as threads do, or as asyncio does."""

    def make(policy: Policy = RAMP, **changes) -> World:
        world = World(policy=policy, dice=Dice(jitter=thrown), **changes)
        guard = world.async_guard() if request.param == "asyncio" else None
        world.fetch = lambda: (
            runner.run(guard.fetch_context("t")) if guard else world.guard.fetch_context("t")
        )
        world.force(Mode.WRITE_ONLY, ttl_s=5)
        world.advance(5)
        if guard:
            guard.step()
        return world

    with asyncio.Runner() as runner:
        yield make


def test_the_dice_let_a_share_of_reads_out(recovering, thrown):
    world = recovering()
    assert world.memory.probes == [""]
    assert world.metric("memory_guard_read_share") == 0.1
    thrown.falls = 0.1
    refused = world.fetch().trace
    assert (refused["reason"], refused["until"], refused["mode"]) == ("recovering", None, "write_only")
    assert world.memory.reads == []
    thrown.falls = 0.099
    assert world.fetch().text == "facts"
    assert world.memory.reads == ["t"]


def test_successes_raise_the_share_until_all_reads_are_back(recovering, thrown):
    world = recovering()
    shares = []
    for _ in range(15):
        world.fetch()
        world.guard.step()
        shares.append(world.metric("memory_guard_read_share"))
    assert shares == [0.1] * 4 + [0.3] * 5 + [0.6] * 5 + [1.0]
    assert world.guard.mode is Mode.READ_WRITE
    thrown.falls = 0.999
    assert world.fetch().text == "facts"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind.TIMEOUT, "recovery_failed"),
        (Kind.SERVER, "recovery_failed"),
        (Kind.AUTH, "auth"),
        (Kind.RATE_LIMITED, "rate_limited"),
    ],
)
def test_one_failure_holds_all_reads_again(recovering, kind, reason):
    world = recovering()
    world.memory.fails(kind)
    world.fetch()
    world.guard.step()
    held = world.guard.fetch_context("t").trace
    assert (held["reason"], held["source"]) == (reason, "write_only_forced")
    assert held["until"]
    assert world.metric("memory_guard_read_share") == 0
    assert world.metric("memory_zep_downgrades_total", reason=reason) == 1
    world.memory.says("facts")
    world.advance(301)
    assert world.metric("memory_guard_read_share") == 0.1  # another probe, and from the beginning


def test_a_wrong_request_is_no_failure_and_no_success(recovering):
    world = recovering()
    world.memory.fails(Kind.CLIENT, status_code=404)
    for _ in range(9):
        world.fetch()
    world.guard.step()
    assert world.metric("memory_guard_read_share") == 0.1


def test_no_probe_disturbs_a_recovery(recovering):
    world = recovering()
    world.advance(1000)
    assert len(world.memory.probes) == 1


def test_where_failures_change_nothing_an_operators_force_still_ends(recovering):
    world = recovering(auto_downgrade=AutoDowngrade.OFF)
    for _ in range(15):
        world.fetch()
    world.guard.step()
    assert world.guard.mode is Mode.READ_WRITE


def test_without_a_ramp_all_reads_are_back_at_once(recovering):
    world = recovering(Policy())
    assert world.metric("memory_guard_read_share") == 1
    assert world.guard.mode is Mode.READ_WRITE


@pytest.fixture(params=["memory", "redis"])
def fleet(request) -> Iterator[list[MemoryGuard]]:
    """Two processes' guards whose dice let everybody out, held by a failure."""
    clock, prefix = SystemClock(), f"{{{uuid.uuid4().hex}}}:"
    policy = Policy(hold_s=0.05, ramp_percent=(10, 100))
    local = MemoryStore(policy, clock)
    guards = []
    for _ in range(2):
        store = local
        if request.param == "redis":
            store = RedisStore(connect(request.getfixturevalue("redis_url")), policy, clock, prefix)
        metrics = Metrics(CollectorRegistry())
        parts = Parts(ScriptedMemory(), store, policy, metrics=metrics, dice=Dice(jitter=lambda: 0.0))
        guards.append(MemoryGuard(parts))
    try:
        yield guards
    finally:
        for guard in guards:
            guard.close()


def test_the_share_reaches_the_fleet_and_successes_of_all_count(fleet):
    first, second = fleet
    first._memory.fails(Kind.AUTH)
    first.fetch_context("t")
    eventually(lambda: second.mode is Mode.WRITE_ONLY)
    first._memory.says("facts")
    eventually(lambda: all(guard._core.reads.share == 0.1 for guard in fleet))
    for guard in (first, second, first, second):
        assert guard.fetch_context("t").text == "facts"
    eventually(lambda: all(guard._core.watch.state.eased == 4 for guard in fleet))
    assert second.mode is Mode.WRITE_ONLY
    second.fetch_context("t")
    eventually(lambda: all(guard.mode is Mode.READ_WRITE for guard in fleet))


def test_a_failure_in_one_process_holds_the_other_again(fleet):
    first, second = fleet
    first._memory.fails(Kind.AUTH)
    first.fetch_context("t")
    first._memory.says("facts")
    eventually(lambda: all(guard._core.reads.share == 0.1 for guard in fleet))
    first._memory.fails(Kind.SERVER)
    second._memory.fails(Kind.SERVER)
    first.fetch_context("t")
    eventually(lambda: second.fetch_context("t").trace["reason"] in ("recovery_failed", "probe_failed"))


def test_a_recovery_is_leased_to_nobody_and_shown_as_such(bench_with_ramp):
    store = bench_with_ramp
    state, verb = store.read(), Verb.NOTHING
    assert state.phase(0) is Phase.RECOVERING
    assert (state.share_percent, state.reason, state.by) == (10, "recovering", "auto")
    assert store.apply(Lease("another"))[1] is Verb.NOTHING
    verbs = [store.apply(Succeeded(state.epoch))[1] for _ in range(15)]
    step = [Verb.COUNTED] * 4
    assert verbs == [*step, Verb.EASED, *step, Verb.EASED, *step, Verb.RESTORED]
    assert store.apply(Succeeded(state.epoch))[1] is verb  # an epoch that is over
    assert store.history()[0].reason == "probe_success"


@pytest.fixture(params=["memory", "redis"])
def bench_with_ramp(request, clock):
    """A store at the first share."""
    from guard.machine import Force

    store = MemoryStore(RAMP, clock)
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        store = RedisStore(connect(url), RAMP, clock, f"{{{uuid.uuid4().hex}}}:")
    store.apply(Force(Mode.OFF, "manual", 0, "test"))
    state, _ = store.apply(Lease("token"))
    assert store.apply(Done("token", state.epoch, ProbeResult.OK))[1] is Verb.EASED
    yield store
    store.close()
