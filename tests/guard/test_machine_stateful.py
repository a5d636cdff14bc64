"""The same random history on the pure machine and on the Redis scripts: both must tell the same story.

And whatever the history, reads come back by a successful probe or by an operator, never otherwise.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from passing_time import age

from guard.errors import Kind
from guard.machine import (
    Adopt,
    Clear,
    Done,
    Event,
    Failed,
    Force,
    Lease,
    ProbeResult,
    ResetFailures,
    State,
    Succeeded,
    Verb,
    step,
)
from guard.modes import Mode
from guard.policy import Policy
from guard.stores.connection import connect
from guard.stores.memory import MemoryStore
from guard.stores.redis import RedisStore
from guard.testing import ManualClock

REOPENS = (Verb.RESTORED, Verb.CLEARED)
# No sum of these comes within 0.1 s of the window or the hold from below: Redis's own clock moves meanwhile.
SPANS_S = (1.003, 13.017, 61.1, 301.2)


class TwoStores(RuleBasedStateMachine):
    url = ""
    policy = Policy()

    @initialize()
    def begin(self) -> None:
        self.clock = ManualClock()
        connections = connect(self.url)
        self.client = connections.patient
        prefix = f"{{{uuid.uuid4().hex}}}:"
        self.key = f"{prefix}state"
        self.memory = MemoryStore(self.policy, self.clock)
        self.redis = RedisStore(connections, self.policy, self.clock, prefix)
        self.tokens = ["never leased"]
        self.seen = State()

    def teardown(self) -> None:
        self.redis.close()

    def tell(self, event: Event) -> Verb:
        """Tell all; answers must agree, and what re-opens reads must be entitled to."""
        before = self.memory.read()
        pure, pure_verb = step(before, event, self.policy, self.clock.monotonic())
        (_, verb), (told, shared) = self.memory.apply(event), self.redis.apply(event)
        assert verb is shared is pure_verb
        after = self.memory.read()
        assert after == pure
        assert _without_times(told) == _without_times(after)
        if before.mode and not after.mode:
            assert verb in REOPENS
        self.seen = max(self.seen, after, key=lambda state: (state.epoch, state.rev))
        return verb

    @rule(kind=st.sampled_from(Kind), late=st.integers(0, 2), thread=st.sampled_from("ab"))
    def a_read_fails(self, kind: Kind, late: int, thread: str) -> None:
        self.tell(Failed(kind, max(0, self.seen.epoch - late), thread, retry_after_s=30.5))

    @rule(late=st.integers(0, 2))
    def a_read_succeeds(self, late: int) -> None:
        self.tell(Succeeded(max(0, self.seen.epoch - late)))

    @rule(kind=st.sampled_from([None, *Kind]))
    def a_hold_ends_in_a_good_probe_and_reads_follow(self, kind: Kind | None) -> None:
        """Rarely met by chance, and where a ramp begins."""
        self.time_passes(301.2)
        token = uuid.uuid4().hex
        if self.tell(Lease(token)) is Verb.LEASED:
            self.tell(Done(token, self.seen.epoch, ProbeResult.OK))
        self.a_read_succeeds(late=0)
        self.tell(Failed(kind, self.seen.epoch, "a") if kind else Succeeded(self.seen.epoch))

    @rule()
    def somebody_wants_to_probe(self) -> None:
        token = uuid.uuid4().hex
        if self.tell(Lease(token)) is Verb.LEASED:
            self.tokens.append(token)

    @rule(data=st.data(), result=st.sampled_from(ProbeResult), late=st.integers(0, 1))
    def a_probe_ends(self, data: st.DataObject, result: ProbeResult, late: int) -> None:
        token = data.draw(st.sampled_from(self.tokens[-3:]))
        self.tell(Done(token, max(0, self.seen.epoch - late), result, hold_s=300))

    @rule(mode=st.sampled_from([Mode.OFF, Mode.WRITE_ONLY]), ttl_s=st.sampled_from([30.5, 600.5]))
    def an_operator_forces(self, mode: Mode, ttl_s: float) -> None:
        self.tell(Force(mode, "manual", ttl_s, "ann@ops"))

    @rule(event=st.sampled_from([Clear("ann@ops"), ResetFailures()]))
    def an_operator_undoes(self, event: Event) -> None:
        self.tell(event)

    @rule(seconds=st.sampled_from(SPANS_S))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self.client.exists(self.key):
            age(self.client, self.key, seconds)

    @rule()
    def the_data_is_lost(self) -> None:
        """Both stores forget; the next outcome says so, and a process writes back what it remembers."""
        remembered = self.memory.read()
        self.client.delete(self.key)
        self.memory._state = State()
        if remembered.epoch:
            assert self.tell(Succeeded(remembered.epoch)) is Verb.BEHIND
            assert self.tell(Adopt(remembered)) is Verb.ADOPTED

    @invariant()
    def both_show_the_same(self) -> None:
        if not hasattr(self, "memory"):
            return
        ours, theirs = self.memory.read(), self.redis.read()
        assert _without_times(ours) == _without_times(theirs)
        for ours_at, theirs_at in zip(_times(ours), _times(theirs), strict=True):
            assert theirs_at == pytest.approx(ours_at, abs=2.0)


def _without_times(state: State) -> State:
    return replace(state, since=0, until=0, lease_until=0, failed_at=tuple(0.0 for _ in state.failed_at))


def _times(state: State) -> tuple[float, ...]:
    return (state.since, state.until, *state.failed_at)


@pytest.mark.parametrize("ramp", [(), (10, 60, 100), (100,)], ids=str)
def test_any_history_is_the_same_on_both(redis_url, ramp):
    TwoStores.url, TwoStores.policy = redis_url, Policy(ramp_percent=ramp, ramp_successes=2)
    run_state_machine_as_test(
        TwoStores,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
