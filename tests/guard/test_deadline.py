"""The deadline that follows: within its bounds, never by the survivors alone, in shadow unless asked for."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slow_memory import SlowMemory

from guard import Kind, Policy
from guard.deadline import LEAST, WINDOW, Adaptive, Deadline
from guard.testing import World

# Zep is scripted and takes as long as told: by the clock of the world, nobody waits.

POLICY = Policy(read_timeout_ms=250, deadline_least_ms=50)


def make_world(adaptive=Adaptive.ON, **changes) -> World:
    memory = SlowMemory()
    world = World(memory=memory, adaptive=adaptive, **changes)
    memory.clock = world.clock
    return world


def read(world, took_s, times=LEAST):
    world.memory.took_s = took_s
    contexts = [world.guard.fetch_context("t") for _ in range(times)]
    world.advance(1)
    return contexts


def in_force(world):
    return world.metric("memory_guard_read_deadline_seconds")


def followed(world):
    return world.metric("memory_guard_followed_deadline_seconds")


def test_it_is_twice_the_p99_of_reads():
    world = make_world()
    read(world, 0.04)
    assert in_force(world) == pytest.approx(0.08)
    read(world, 0.07)
    assert in_force(world) == pytest.approx(0.14)


def test_a_fast_zep_is_not_held_to_less_than_the_least():
    world = make_world()
    read(world, 0.001)
    assert in_force(world) == 0.05


def test_in_shadow_it_is_only_shown():
    world = make_world(Adaptive.SHADOW)
    read(world, 0.04)
    assert (in_force(world), followed(world)) == (0.25, pytest.approx(0.08))
    assert all(context.text for context in read(world, 0.2))


def test_off_it_does_not_even_look():
    world = make_world(Adaptive.OFF)
    read(world, 0.04)
    assert (in_force(world), followed(world)) == (0.25, 0.25)


def test_few_reads_say_nothing():
    world = make_world()
    read(world, 0.001, LEAST - 1)
    assert in_force(world) == 0.25


def test_a_read_beyond_it_is_cut_off():
    world = make_world()
    read(world, 0.04)
    (context,) = read(world, 0.09, 1)
    assert context.trace["reason"] == "timeout"
    assert context.trace["took_ms"] == pytest.approx(80, abs=1)


def test_a_callers_own_deadline_goes_first():
    world = make_world()
    read(world, 0.04)
    world.memory.took_s = 0.2
    assert world.guard.fetch_context("t", timeout_ms=250).text


def test_reads_that_are_cut_off_raise_it_until_few_are():
    """Nine fast reads and a slow one, for ever: learning from the nine alone would cut the tenth for ever."""
    world = make_world(policy=Policy(trip_after=1000))
    read(world, 0.01, WINDOW)
    assert in_force(world) == 0.05
    for _ in range(WINDOW // 10):
        read(world, 0.01, 9)
        (slow,) = read(world, 0.12, 1)
    assert slow.text


def test_fast_failures_teach_nothing():
    world = make_world(policy=Policy(trip_after=1000))
    world.memory.took_s = 0.001
    world.memory.fails(Kind.SERVER)
    for _ in range(LEAST):
        world.guard.fetch_context("t")
    world.advance(1)
    assert followed(world) == 0.25


@given(st.lists(st.floats(min_value=0, max_value=10), min_size=1, max_size=2 * WINDOW))
def test_it_stays_within_its_bounds(reads):
    deadline = Deadline(POLICY, Adaptive.ON)
    for took_s in reads:
        deadline.took(took_s)
    deadline.follow(0.0)
    assert 50 <= deadline.ms <= 250


def test_a_least_above_the_fixed_deadline_changes_nothing():
    deadline = Deadline(Policy(read_timeout_ms=30, deadline_least_ms=50), Adaptive.ON)
    for _ in range(LEAST):
        deadline.took(0.001)
    deadline.follow(0.0)
    assert deadline.ms == 30


def test_it_is_looked_at_once_a_second():
    deadline = Deadline(POLICY, Adaptive.ON)
    deadline.follow(0.0)
    for _ in range(LEAST):
        deadline.took(0.03)
    deadline.follow(0.9)
    assert deadline.ms == 250
    deadline.follow(1.0)
    assert deadline.ms == pytest.approx(60)


def test_asyncio_has_it_too():
    world = make_world()
    guard = world.async_guard()
    with asyncio.Runner() as runner:
        world.memory.took_s = 0.04
        for _ in range(LEAST):
            runner.run(guard.fetch_context("t"))
        world.clock.advance(1)
        guard.step()
        world.memory.took_s = 0.09
        assert runner.run(guard.fetch_context("t")).trace["reason"] == "timeout"
