"""The breaker's rules, on the pure machine (through MemoryStore) and on real Redis scripts alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guard.errors import Kind
from guard.machine import (
    Adopt,
    Clear,
    Done,
    Failed,
    Force,
    Lease,
    Phase,
    ProbeResult,
    ResetFailures,
    State,
    Succeeded,
    Verb,
)
from guard.modes import Mode

COUNTED = [Kind.TIMEOUT, Kind.SERVER, Kind.BAD_RESPONSE]
IGNORED = [Kind.CLIENT, Kind.LOCAL, Kind.CONFIG]


def fail(bench, *kinds: Kind, epoch: int = 0, thread: str = "t") -> Verb:
    verb = Verb.NOTHING
    for kind in kinds:
        verb = bench.tell(Failed(kind, epoch, thread))
    return verb


def trip(bench) -> State:
    assert fail(bench, Kind.AUTH, epoch=bench.state.epoch) is Verb.TRIPPED
    return bench.state


def lapse(bench) -> None:
    bench.elapse(300.1)


def test_the_first_auth_failure_downgrades(bench):
    assert fail(bench, Kind.AUTH, thread="t7") is Verb.TRIPPED
    state = bench.state
    assert (state.mode, state.reason, state.by, state.epoch) == (Mode.WRITE_ONLY, "auth", "auto", 1)
    assert state.thread == "t7"
    assert bench.left_s() == pytest.approx(300, abs=0.5)


@pytest.mark.parametrize("third", COUNTED)
def test_the_third_counted_failure_downgrades(bench, third):
    assert fail(bench, Kind.TIMEOUT, Kind.SERVER) is Verb.COUNTED
    assert bench.state.mode is None
    assert fail(bench, third) is Verb.TRIPPED
    assert bench.state.reason == "consecutive_failures"


@pytest.mark.parametrize("kind", IGNORED)
def test_what_says_nothing_about_zep_leaves_the_count_as_it_is(bench, kind):
    fail(bench, Kind.TIMEOUT, Kind.TIMEOUT)
    assert fail(bench, kind) is Verb.NOTHING
    assert len(bench.state.failed_at) == 2


def test_a_success_ends_the_run_of_failures(bench):
    fail(bench, Kind.TIMEOUT, Kind.TIMEOUT)
    assert bench.tell(Succeeded(0)) is Verb.RESET
    assert bench.tell(Succeeded(0)) is Verb.NOTHING
    assert fail(bench, Kind.TIMEOUT, Kind.TIMEOUT) is Verb.COUNTED


def test_failures_count_within_60_s_whichever_three_they_are(bench):
    fail(bench, Kind.TIMEOUT)
    bench.elapse(50)
    fail(bench, Kind.TIMEOUT)
    bench.elapse(15)  # the first is now 65 s old
    assert fail(bench, Kind.TIMEOUT) is Verb.COUNTED
    bench.elapse(5)  # the last three lie within 20 s
    assert fail(bench, Kind.TIMEOUT) is Verb.TRIPPED


def test_late_outcomes_of_an_earlier_epoch_move_nothing(bench):
    before = trip(bench)
    assert bench.tell(Succeeded(0)) is Verb.NOTHING
    assert fail(bench, Kind.AUTH, epoch=0) is Verb.NOTHING
    assert replace(bench.state, since=0, until=0) == replace(before, since=0, until=0)


def test_a_lapsed_hold_restores_nothing_by_itself(bench):
    trip(bench)
    bench.elapse(10_000)
    assert bench.state.mode is Mode.WRITE_ONLY
    assert bench.state.phase(bench.clock.monotonic()) is Phase.HELD


def test_nobody_probes_before_the_hold_lapses(bench):
    assert bench.tell(Lease("a")) is Verb.NOTHING
    trip(bench)
    bench.elapse(299)
    assert bench.tell(Lease("a")) is Verb.NOTHING


def test_one_prober_at_a_time_and_the_next_only_after_a_dead_ones_lease(bench):
    trip(bench)
    lapse(bench)
    assert bench.tell(Lease("a")) is Verb.LEASED
    assert bench.tell(Lease("b")) is Verb.NOTHING
    bench.elapse(10.1)
    assert bench.tell(Lease("b")) is Verb.LEASED
    assert bench.tell(Done("a", 1, ProbeResult.OK)) is Verb.NOTHING  # back from the dead: fenced by token
    assert bench.tell(Done("b", 1, ProbeResult.OK)) is Verb.RESTORED


def test_a_successful_probe_restores(bench):
    trip(bench)
    lapse(bench)
    bench.tell(Lease("a"))
    assert bench.tell(Done("a", 1, ProbeResult.OK)) is Verb.RESTORED
    assert (bench.state.mode, bench.state.epoch, bench.state.failed_at) == (None, 2, ())


def test_a_failed_probe_holds_again_for_the_whole_time(bench):
    trip(bench)
    lapse(bench)
    bench.tell(Lease("a"))
    assert bench.tell(Done("a", 1, ProbeResult.FAILED, hold_s=300)) is Verb.HELD_AGAIN
    assert (bench.state.reason, bench.state.epoch) == ("probe_failed", 2)
    assert bench.left_s() == pytest.approx(300, abs=0.5)
    assert bench.tell(Lease("b")) is Verb.NOTHING


def test_a_cancelled_probe_gives_the_slot_back_at_once(bench):
    trip(bench)
    lapse(bench)
    bench.tell(Lease("a"))
    assert bench.tell(Done("a", 1, ProbeResult.CANCELLED)) is Verb.RELEASED
    assert bench.tell(Lease("b")) is Verb.LEASED


def test_an_operators_force_lasts_and_is_signed(bench):
    assert bench.tell(Force(Mode.OFF, "rollback", 600, "ann@ops")) is Verb.FORCED
    state = bench.state
    assert (state.mode, state.reason, state.by) == (Mode.OFF, "rollback", "ann@ops")
    assert bench.left_s() == pytest.approx(600, abs=0.5)


def test_failures_never_shorten_an_operators_force(bench):
    bench.tell(Force(Mode.WRITE_ONLY, "manual", 600, "ann@ops"))
    assert fail(bench, Kind.AUTH, epoch=1) is Verb.NOTHING
    assert bench.state.by == "ann@ops"


def test_a_failed_probe_after_a_manual_off_does_not_switch_writes_on(bench):
    bench.tell(Force(Mode.OFF, "manual", 60, "ann@ops"))
    lapse(bench)
    bench.tell(Lease("a"))
    bench.tell(Done("a", 1, ProbeResult.FAILED, hold_s=300))
    assert bench.state.mode is Mode.OFF


def test_clear_ends_any_hold_and_says_when_there_was_none(bench):
    assert bench.tell(Clear("ann@ops")) is Verb.NOTHING
    trip(bench)
    assert bench.tell(Clear("ann@ops")) is Verb.CLEARED
    assert (bench.state.mode, bench.state.epoch) == (None, 2)


def test_a_prober_that_lost_its_epoch_to_a_clear_changes_nothing(bench):
    trip(bench)
    lapse(bench)
    bench.tell(Lease("a"))
    bench.tell(Clear("ann@ops"))
    assert bench.tell(Done("a", 1, ProbeResult.FAILED, hold_s=300)) is Verb.NOTHING
    assert bench.state.mode is None


def test_failures_can_be_forgotten_by_hand(bench):
    fail(bench, Kind.SERVER, Kind.SERVER)
    assert bench.tell(ResetFailures()) is Verb.RESET
    assert bench.tell(ResetFailures()) is Verb.NOTHING
    assert bench.state.failed_at == ()


def test_a_store_that_lost_its_data_is_told_and_takes_the_later_state(bench):
    now = bench.clock.monotonic()
    remembered = State(
        epoch=7,
        rev=20,
        mode=Mode.WRITE_ONLY,
        reason="auth",
        by="auto",
        since=now - 100,
        until=now + 200,
        thread="t",
    )
    assert fail(bench, Kind.AUTH, epoch=7) is Verb.BEHIND
    assert bench.tell(Succeeded(7)) is Verb.BEHIND
    assert bench.tell(Adopt(remembered)) is Verb.ADOPTED
    for not_later in (7, 3):
        stale = replace(remembered, epoch=not_later, reason="stale")
        assert bench.tell(Adopt(stale)) is Verb.NOTHING
    state = bench.state
    assert (state.epoch, state.rev, state.mode, state.reason, state.thread) == (
        7,
        20,
        Mode.WRITE_ONLY,
        "auth",
        "t",
    )
    assert bench.left_s() == pytest.approx(200, abs=0.5)


def test_history_keeps_transitions_and_nothing_else(bench):
    assert bench.store.history() == []
    fail(bench, Kind.TIMEOUT)
    trip(bench)
    lapse(bench)
    bench.tell(Lease("a"))
    bench.tell(Done("a", 1, ProbeResult.FAILED, hold_s=300))
    lapse(bench)
    bench.tell(Lease("b"))
    bench.tell(Done("b", 2, ProbeResult.OK))
    bench.tell(Force(Mode.OFF, "manual", 60, "ann@ops"))
    bench.tell(Clear("bob@ops"))
    told = [(t.before, t.after, t.reason, t.by) for t in bench.store.history()]
    assert told == [
        (Mode.OFF, None, "cleared", "bob@ops"),
        (None, Mode.OFF, "manual", "ann@ops"),
        (Mode.WRITE_ONLY, None, "probe_success", "auto"),
        (Mode.WRITE_ONLY, Mode.WRITE_ONLY, "probe_failed", "auto"),
        (None, Mode.WRITE_ONLY, "auth", "auto"),
    ]


def test_history_keeps_the_last_fifty(bench):
    for n in range(60):
        bench.tell(Force(Mode.OFF, "manual", 60, f"{n}@ops"))
    assert [t.by for t in bench.store.history()] == [f"{n}@ops" for n in range(59, 9, -1)]


def test_every_change_and_nothing_else_moves_the_revision(bench):
    revs = []
    for event in (Succeeded(0), Failed(Kind.TIMEOUT, 0, "t"), Failed(Kind.CLIENT, 0, "t"), Succeeded(0)):
        bench.tell(event)
        revs.append(bench.state.rev)
    assert revs == [0, 1, 1, 2]


def test_a_429_holds_for_as_long_as_it_says_and_a_probe_ends_it(bench):
    fail(bench, Kind.TIMEOUT, Kind.TIMEOUT)
    assert bench.tell(Failed(Kind.RATE_LIMITED, 0, "t", retry_after_s=7)) is Verb.TRIPPED
    assert (bench.state.mode, bench.state.reason) == (Mode.WRITE_ONLY, "rate_limited")
    assert bench.left_s() == pytest.approx(7, abs=0.5)
    bench.elapse(7.1)
    assert bench.tell(Lease("a")) is Verb.LEASED
    assert bench.tell(Done("a", 1, ProbeResult.OK)) is Verb.RESTORED


@pytest.mark.parametrize(("told_s", "held_s"), [(None, 60), (0, 0), (9999, 300)])
def test_a_429s_hold_is_bounded(bench, told_s, held_s):
    bench.tell(Failed(Kind.RATE_LIMITED, 0, "t", retry_after_s=told_s))
    assert bench.left_s() == pytest.approx(held_s, abs=0.5)


def test_failed_probes_are_counted_until_reads_are_back(bench):
    trip(bench)
    for n in (1, 2, 3):
        lapse(bench)
        bench.tell(Lease("a"))
        bench.tell(Done("a", n, ProbeResult.FAILED, hold_s=300))
        assert bench.state.holds == n
    remembered = bench.state
    lapse(bench)
    bench.tell(Lease("b"))
    bench.tell(Done("b", 4, ProbeResult.OK))
    assert bench.state.holds == 0
    bench.tell(Adopt(replace(remembered, epoch=9)))
    assert bench.state.holds == 3
