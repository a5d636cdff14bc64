"""What an application sees, from a guard for threads and from one for asyncio alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from guard import Answer, Kind, Mode, Policy
from guard.machine import Lease
from guard.ports import Reading
from guard.service import MemoryGuard
from guard.shadow import AutoDowngrade
from guard.testing import World

# Zep is scripted and time stands still here: these tests are about the guard's answers.
# tests/guard/zep drives the real SDKs, test_together.py a guard with its threads.

SAID = [{"role": "user", "content": "hi"}]


class Awaited:
    """The asynchronous guard, called like the other one: the same tests tell whether it says the same."""

    def __init__(self, world: World, runner: asyncio.Runner) -> None:
        self._guard = world.async_guard()
        self._run = runner.run

    @property
    def mode(self) -> Mode:
        return self._guard.mode

    def fetch_context(self, *args, **options):
        return self._run(self._guard.fetch_context(*args, **options))

    def add_messages(self, *args, **options):
        return self._run(self._guard.add_messages(*args, **options))

    def step(self) -> None:
        self._guard.step()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=["threads", "asyncio"])
def make_world(request, runner):
    def make(**changes) -> World:
        world = World(**changes)
        if request.param == "asyncio":
            world.guard = Awaited(world, runner)
        return world

    return make


@pytest.fixture
def world(make_world) -> World:
    return make_world()


def fetch(world: World, thread_id: str = "t", **options) -> dict:
    return world.guard.fetch_context(thread_id, **options).trace


def outcomes(world: World, *kinds: Kind | None) -> None:
    """Reads that end so; None is a success."""
    for kind in kinds:
        if kind:
            world.memory.fails(kind)
        else:
            world.memory.says("facts")
        fetch(world)


def test_context_is_found_empty_or_unavailable(world):
    assert world.guard.fetch_context("t").text == "facts"
    world.memory.says(None)
    assert world.guard.fetch_context("t").answer is Answer.EMPTY
    world.memory.fails(Kind.TIMEOUT)
    assert world.guard.fetch_context("t").answer is Answer.UNAVAILABLE


def test_a_refused_key_stops_reads_at_once_and_writes_go_on(world):
    world.memory.fails(Kind.AUTH, status_code=401)
    first = fetch(world)
    assert (first["reason"], first["status_code"], first["mode"]) == ("auth", 401, "write_only")
    for _ in range(20):
        blocked = fetch(world)
    assert (blocked["source"], blocked["reason"], blocked["used"]) == ("write_only_forced", "auth", False)
    assert blocked["until"] == "2026-01-01T00:21:40.000Z"  # the clock's 1000 s, and 300 more
    assert world.memory.reads == ["t"]
    assert world.guard.add_messages("t", SAID).stored


def test_three_failures_stop_reads_and_a_success_between_them_does_not_let_them(world):
    outcomes(world, Kind.TIMEOUT, Kind.SERVER, None, Kind.TIMEOUT, Kind.TIMEOUT)
    assert world.guard.mode is Mode.READ_WRITE
    outcomes(world, Kind.BAD_RESPONSE)
    assert world.guard.mode is Mode.WRITE_ONLY


def test_a_read_that_never_asked_zep_does_not_end_a_run_of_failures(world):
    for _ in range(3):
        world.memory._answer = Reading(None, asked=False)
        assert fetch(world)["source"] == "new_thread"
        outcomes(world, Kind.TIMEOUT)
    assert world.guard.mode is Mode.WRITE_ONLY


def test_a_trace_is_json_and_holds_no_text(world):
    world.memory.says("# facts\n- likes tea\n- lives in Kars")
    trace = fetch(world)
    assert "tea" not in json.dumps(trace)
    assert set(trace) == {
        *("mode", "used", "cached", "source", "took_ms", "reason", "until", "status_code"),
        *("facts_count", "recent_count"),
    }
    assert trace["facts_count"] == 2


def test_without_a_context_the_applications_last_messages_are_handed_back(world):
    said = [{"role": "user", "content": str(n)} for n in range(9)]
    asked = []

    def recent() -> list[dict]:
        asked.append(1)
        return said

    context = world.guard.fetch_context("t", recent=recent)
    assert (context.recent, asked) == ((), [])
    world.memory.fails(Kind.AUTH)
    for _ in range(2):  # the failed read, then a blocked one
        context = world.guard.fetch_context("t", recent=recent)
        assert context.recent == tuple(said[-4:])
        assert context.trace["recent_count"] == 4


def test_one_probe_of_the_thread_that_failed_restores_reads(world):
    world.memory.fails(Kind.AUTH)
    fetch(world, "t9")
    world.memory.says("facts")
    world.clock.advance(300)
    world.guard.step()
    assert world.guard.mode is Mode.READ_WRITE
    assert world.memory.probes == ["t9"]


def test_a_failed_probe_holds_again_and_the_next_one_recovers(world):
    outcomes(world, Kind.AUTH)
    assert fetch(world)["reason"] == "auth"
    world.clock.advance(300)
    world.guard.step()
    assert fetch(world)["reason"] == "probe_failed"
    world.memory.fails(Kind.CLIENT, status_code=404)  # answered by a healthy Zep
    world.clock.advance(299)
    world.guard.step()
    assert world.guard.mode is Mode.WRITE_ONLY
    world.clock.advance(1)
    world.guard.step()
    assert world.guard.mode is Mode.READ_WRITE


def test_a_probe_that_stumbles_holds_again(world, caplog):
    outcomes(world, Kind.AUTH)
    world.memory._answer = ZeroDivisionError("a bug of the backend")
    world.clock.advance(300)
    world.guard.step()
    assert fetch(world)["reason"] == "probe_failed"


def test_a_probe_that_is_cut_off_gives_its_slot_back_at_once(world):
    outcomes(world, Kind.AUTH)
    world.memory._answer = KeyboardInterrupt()
    world.clock.advance(300)
    with pytest.raises(KeyboardInterrupt):
        world.guard.step()
    world.memory.says("facts")
    world.guard.step()
    assert world.guard.mode is Mode.READ_WRITE


def test_a_probe_that_our_own_full_pool_kept_back_is_no_failed_probe(world):
    outcomes(world, Kind.AUTH)
    world.memory.fails(Kind.LOCAL)
    world.clock.advance(300)
    world.guard.step()
    assert fetch(world)["reason"] == "auth"
    world.memory.says("facts")
    world.guard.step()
    assert world.guard.mode is Mode.READ_WRITE


def test_holds_grow_with_each_failed_probe_up_to_the_cap_with_jitter(make_world):
    policy = Policy(hold_s=10, hold_growth=2, hold_cap_s=30, hold_jitter=0.1)
    world = make_world(policy=policy)
    outcomes(world, Kind.AUTH)
    waits = [waited_for_a_probe(world) for _ in range(5)]
    assert waits == [10, 22, 33, 33, 33]  # then 20, and 40 capped to 30, and a tenth on top of each


def waited_for_a_probe(world: World) -> int:
    before = len(world.memory.probes)
    for second in range(1, 302):
        world.clock.advance(1)
        world.guard.step()
        if len(world.memory.probes) > before:
            return second
    raise AssertionError("no probe")


class TestRateLimited:
    """A 429 is no failure: reads wait as long as Zep asks, and then a probe asks again."""

    def test_retry_after_holds_all_reads_and_nobody_waits(self, world):
        world.memory.fails(Kind.RATE_LIMITED, status_code=429, retry_after_s=7)
        assert fetch(world)["status_code"] == 429
        assert fetch(world)["reason"] == "rate_limited"
        assert world.memory.reads == ["t"]
        assert world.clock.now == 1000
        world.memory.says("facts")
        world.clock.advance(6.9)
        world.guard.step()
        assert world.guard.mode is Mode.WRITE_ONLY
        world.clock.advance(0.1)
        world.guard.step()
        assert world.guard.mode is Mode.READ_WRITE
        assert world.metric("memory_zep_retry_after_seconds_sum", op="context") == 7
        assert world.metric("memory_zep_downgrades_total", reason="rate_limited") == 1
        assert world.metric("circuit_open_total", component="zep") is None

    def test_a_probe_that_is_told_to_wait_waits_as_long(self, world):
        world.memory.fails(Kind.RATE_LIMITED, status_code=429, retry_after_s=7)
        fetch(world)
        assert [waited_for_a_probe(world) for _ in range(2)] == [7, 7]

    @pytest.mark.parametrize(("told_s", "held_s"), [(None, 60), (9999, 300)])
    def test_no_time_or_an_absurd_one_has_a_bound(self, world, told_s, held_s):
        world.memory.fails(Kind.RATE_LIMITED, retry_after_s=told_s)
        fetch(world)
        assert waited_for_a_probe(world) == held_s

    def test_it_neither_counts_as_failure_nor_ends_a_run_of_them(self, make_world):
        world = make_world()
        outcomes(world, Kind.TIMEOUT, Kind.TIMEOUT)
        world.memory.fails(Kind.RATE_LIMITED, retry_after_s=1)
        assert fetch(world)["reason"] == "rate_limited"
        assert world.guard.mode is Mode.WRITE_ONLY  # for 1 s, not for 300


class TestWithCache:
    @pytest.fixture
    def world(self, make_world) -> World:
        return make_world(cached=True)

    def test_a_context_is_served_for_30_s(self, world):
        assert fetch(world)["cached"] is False
        hit = fetch(world)
        assert (hit["cached"], hit["source"], hit["used"], hit["mode"]) == (True, "cache", True, "read_write")
        world.clock.advance(29.9)
        assert fetch(world)["cached"] is True
        world.clock.advance(0.1)
        assert fetch(world)["cached"] is False
        assert world.memory.reads == ["t", "t"]
        assert world.metric("memory_zep_context_cache_hits_total") == 2
        assert world.metric("memory_zep_context_requests_total") == 4

    def test_threads_do_not_share_a_context(self, world):
        fetch(world, "a")
        assert fetch(world, "b")["cached"] is False

    def test_that_there_is_nothing_is_remembered_too(self, world):
        world.memory.says(None)
        fetch(world)
        context = world.guard.fetch_context("t")
        assert (context.answer, context.trace["cached"]) == (Answer.EMPTY, True)

    def test_a_thread_that_timed_out_is_left_alone_for_3_s(self, world):
        outcomes(world, Kind.TIMEOUT)
        world.memory.says("facts")
        left_alone = world.guard.fetch_context("t")
        assert left_alone.answer is Answer.UNAVAILABLE
        assert (left_alone.trace["source"], left_alone.trace["reason"]) == ("negative_cache", "timeout")
        assert fetch(world, "other")["used"]
        world.clock.advance(3)
        assert fetch(world)["source"] == "zep"
        skipped = world.metric("memory_zep_read_skipped_total", op="context", reason="negative_cache")
        assert skipped == 1

    def test_other_failures_are_not_remembered(self, world):
        outcomes(world, Kind.SERVER, Kind.SERVER)
        assert world.memory.reads == ["t", "t"]

    def test_a_write_refreshes_the_context_where_reads_may_follow(self, world):
        fetch(world)
        world.memory.says("fresh")
        world.guard.add_messages("t", SAID)
        assert world.guard.fetch_context("t").text == "fresh"
        world.force(Mode.WRITE_ONLY)
        world.guard.step()
        world.guard.add_messages("t", SAID)
        assert [write.return_context for write in world.memory.writes] == [True, False]

    def test_while_forced_nothing_cached_is_served(self, world):
        fetch(world)
        world.force(Mode.WRITE_ONLY)
        world.guard.step()
        assert fetch(world)["source"] == "write_only_forced"


@pytest.mark.parametrize("auto", ["off", "shadow"])
def test_the_emergency_switch_keeps_failures_from_stopping_reads(make_world, auto):
    world = make_world(auto_downgrade=AutoDowngrade(auto))
    outcomes(world, *[Kind.AUTH] * 5)
    assert len(world.memory.reads) == 5
    assert world.guard.mode is Mode.READ_WRITE
    world.force(Mode.WRITE_ONLY)  # an operator still may
    world.guard.step()
    assert world.guard.mode is Mode.WRITE_ONLY


def test_shadow_counts_and_logs_what_would_have_been(make_world, caplog):
    world = make_world(auto_downgrade=AutoDowngrade.SHADOW)
    outcomes(world, Kind.TIMEOUT, Kind.TIMEOUT, None, *[Kind.TIMEOUT] * 4)
    assert world.metric("memory_guard_shadow_decisions_total", reason="consecutive_failures") == 1
    assert world.metric("memory_zep_downgrades_total", reason="consecutive_failures") is None
    assert caplog.text.count("shadow_downgrade reason=consecutive_failures") == 1


def test_off_stops_writes_too(world):
    world.force(Mode.OFF)
    world.guard.step()
    assert world.guard.mode is Mode.OFF
    assert world.guard.add_messages("t", SAID).reason == "off"
    assert world.memory.writes == []


def test_a_force_never_enables_what_the_base_mode_forbids(make_world):
    world = make_world(base_mode=Mode.OFF)
    world.force(Mode.WRITE_ONLY)
    world.guard.step()
    assert world.guard.mode is Mode.OFF
    assert fetch(world)["reason"] == "flag"
    assert world.memory.reads == []


def test_a_process_that_may_only_read_goes_on_reading(make_world):
    world = make_world(base_mode=Mode.READ_ONLY)
    assert fetch(world)["mode"] == "read_only"
    assert world.guard.add_messages("t", SAID).reason == "read_only"


def test_a_backend_that_raises_what_it_should_not_never_reaches_the_chat(world, caplog):
    for error, reason in ((TimeoutError("x"), "timeout"), (ZeroDivisionError("key=hunter2"), "bad_response")):
        world.memory._answer = error
        assert fetch(world)["reason"] == reason
    assert "memory_backend_stumbled type=ZeroDivisionError" in caplog.text
    assert "hunter2" not in caplog.text


def test_empty_messages_are_not_sent(world):
    assert world.guard.add_messages("t", [{"role": "user", "content": " "}, *SAID]).stored
    assert world.memory.writes[0].messages == SAID
    assert world.guard.add_messages("t", [{"role": "user", "content": " "}]).reason == "empty"


def test_a_write_that_fails_says_why(world):
    world.memory.refuses(Kind.AUTH)
    written = world.guard.add_messages("t", SAID)
    assert (written.stored, written.reason) == (False, "auth")
    assert world.metric("memory_zep_write_failures_total", op="add_messages", reason="auth") == 1


def test_metrics_tell_the_same_story(make_world):
    world = make_world()
    assert world.metric("memory_mode_gauge", mode="read_write") == 1
    outcomes(world, None, *[Kind.AUTH] * 3)
    world.guard.add_messages("t", SAID)
    assert world.metric("memory_mode_gauge", mode="read_write") == 0
    assert world.metric("memory_mode_gauge", mode="write_only") == 1
    assert world.metric("memory_mode_gauge", mode="off") == 0
    assert world.metric("memory_zep_downgrades_total", reason="auth") == 1
    assert world.metric("memory_zep_context_requests_total") == 4
    assert world.metric("memory_zep_read_requests_total", op="context") == 2
    assert world.metric("memory_zep_read_failures_total", op="context", reason="auth") == 1
    assert world.metric("memory_zep_context_failures_total", reason="auth") == 1
    assert world.metric("memory_zep_read_skipped_total", op="context", reason="auth") == 2
    assert world.metric("memory_zep_read_latency_seconds_count", op="context") == 2
    assert world.metric("memory_zep_write_success_total", op="add_messages") == 1
    assert world.metric("circuit_open_total", component="zep") == 1


def test_transitions_are_logged_by_the_names_of_the_seed(world, caplog):
    caplog.set_level("INFO", logger="guard")
    outcomes(world, Kind.AUTH)
    fetch(world)
    fetch(world)  # blocked as well, and not logged again
    world.clock.advance(300)
    world._store.apply(Lease("of another process"))
    world.guard.step()
    fetch(world)  # nor now: it is the same hold
    world.memory.says("facts")
    world.clock.advance(10)
    world.guard.step()
    events = [record.getMessage().split()[0] for record in caplog.records]
    assert events == [
        "zep_auth_failure_auto_downgrade",
        "memory_mode_forced",
        "zep_read_blocked_forced_mode",
        "probe_lock_acquired",
        "memory_mode_restored",
    ]
    forced = caplog.records[1]
    assert (forced.prev_mode, forced.next_mode, forced.reason) == ("read_write", "write_only", "auth")
    assert forced.hold_seconds == 300


def test_both_voices_have_the_same_words():
    from guard import AsyncMemoryGuard

    words = {name.removeprefix("a") for name in vars(AsyncMemoryGuard) if not name.startswith("_")}
    assert {"fetch_context", "mode", "step"} < words
    assert words == {name.removeprefix("a") for name in vars(MemoryGuard) if not name.startswith("_")}
