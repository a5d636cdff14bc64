"""One process's snapshot: pushed by a real Redis, kept when Redis is away, right again when it is back."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event as Flag
from threading import Thread

import pytest
import redis
from awaiting import eventually

from guard.clock import Dice, SystemClock
from guard.errors import Kind
from guard.machine import Clear, Failed, Force, Lease, State, Succeeded, Verb
from guard.modes import Mode
from guard.policy import Policy
from guard.probe import Prober
from guard.stores.connection import connect
from guard.stores.memory import MemoryStore
from guard.stores.redis import RedisStore
from guard.watch import Hooks, Watch


class Fleet:
    """Watches of one Redis, each as its own process would have."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url = url
        self.prefix = f"{{{uuid.uuid4().hex}}}:"
        self._stack = stack
        self.lapses = 0

    def store(self, policy: Policy) -> RedisStore:
        store = RedisStore(connect(self.url), policy, SystemClock(), self.prefix)
        self._stack.callback(store.close)
        return store

    def join(self, policy: Policy | None = None) -> Watch:
        policy = policy or Policy()
        hooks = Hooks(changed=lambda *_: None, lapsed=self._lapsed, tick=lambda: None)
        watch = Watch(self.store(policy), policy, SystemClock(), hooks)
        self._stack.callback(watch.close)
        watch.start()
        return watch

    def _lapsed(self) -> None:
        self.lapses += 1


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def fleet(redis_url, stack) -> Fleet:
    return Fleet(redis_url, stack)


def test_a_downgrade_in_one_process_reaches_the_other(fleet):
    one, other = fleet.join(), fleet.join()
    assert one.apply(Failed(Kind.AUTH, 0, "t")) is Verb.TRIPPED
    assert one.state.mode is Mode.WRITE_ONLY
    eventually(lambda: other.state.mode is Mode.WRITE_ONLY)
    assert other.state.reason == "auth"


def test_processes_count_failures_together(fleet):
    one, other = fleet.join(), fleet.join()
    one.apply(Failed(Kind.TIMEOUT, 0, "t"))
    other.apply(Failed(Kind.TIMEOUT, 0, "t"))
    assert one.apply(Failed(Kind.TIMEOUT, 0, "t")) is Verb.TRIPPED
    eventually(lambda: other.state.mode)


def test_a_success_elsewhere_is_known_here(fleet):
    one, other = fleet.join(), fleet.join()
    one.apply(Failed(Kind.TIMEOUT, 0, "t"))
    eventually(lambda: other.state.failed_at)
    other.apply(Succeeded(0))
    eventually(lambda: not one.state.failed_at)


def test_a_new_process_knows_the_hold_before_its_first_call(fleet):
    fleet.join().apply(Failed(Kind.AUTH, 0, "t"))
    assert fleet.join().state.mode is Mode.WRITE_ONLY


def test_a_lapse_is_told_without_any_traffic(fleet):
    fleet.join().apply(Force(Mode.WRITE_ONLY, "manual", 0.05, "ann@ops"))
    eventually(lambda: fleet.lapses)


def test_a_forked_child_follows_the_fleet(fleet):
    watch = fleet.join()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            eventually(lambda: watch.state.mode is Mode.OFF)
            os.write(write_end, b"followed")
        finally:
            os._exit(0)
    os.close(write_end)
    eventually(lambda: watch.up)
    fleet.join().apply(Force(Mode.OFF, "manual", 60, "ann@ops"))
    with os.fdopen(read_end, "rb") as pipe:
        assert pipe.read() == b"followed"
    os.waitpid(child, 0)


def test_an_answer_that_was_overtaken_by_a_push_is_not_taken(stack):
    class SlowAnswer(MemoryStore):
        """Its answers show the state before the event, and come after the push of the state behind it."""

        def apply(self, event):
            before = self.read()
            after, verb = super().apply(event)
            eventually(lambda: watch.state == after)
            return before, verb

    hooks = Hooks(changed=lambda *_: None, lapsed=lambda: None, tick=lambda: None)
    watch = Watch(SlowAnswer(Policy(), SystemClock()), Policy(), SystemClock(), hooks)
    stack.callback(watch.close)
    watch.start()
    eventually(lambda: watch.up)
    watch.apply(Failed(Kind.AUTH, 0, "t"))
    assert watch.state.mode is Mode.WRITE_ONLY


@pytest.fixture
def own_fleet(own_redis, stack) -> Fleet:
    fleet = Fleet(own_redis.url, stack)
    fleet.server = own_redis
    return fleet


def test_without_redis_each_process_protects_itself(own_fleet):
    watch = own_fleet.join()
    own_fleet.server.stop()
    eventually(lambda: not watch.up)
    verbs = [watch.apply(Failed(Kind.TIMEOUT, 0, "t")) for _ in range(3)]
    assert verbs == [Verb.COUNTED, Verb.COUNTED, Verb.TRIPPED]
    assert watch.state.mode is Mode.WRITE_ONLY


def test_a_redis_that_dies_under_a_call_does_not_lose_the_outcome(own_fleet):
    watch = own_fleet.join()
    own_fleet.server.stop()
    assert watch.apply(Failed(Kind.AUTH, 0, "t")) is Verb.TRIPPED


def test_a_redis_that_comes_back_empty_never_reopens_reads(own_fleet):
    one, other = own_fleet.join(), own_fleet.join()
    one.apply(Failed(Kind.AUTH, 0, "t"))
    eventually(lambda: other.state.mode)
    seen: list[State] = []
    own_fleet.server.stop()
    eventually(lambda: not one.up and not other.up)
    own_fleet.server.start()
    eventually(lambda: seen.append(one.state) or seen.append(other.state) or (one.up and other.up))
    assert all(state.mode is Mode.WRITE_ONLY for state in seen)
    newcomer = own_fleet.join()
    assert (newcomer.state.mode, newcomer.state.epoch) == (Mode.WRITE_ONLY, 1)


def test_a_redis_that_is_emptied_under_open_connections_gets_the_hold_back_without_any_traffic(own_fleet):
    watch = own_fleet.join(Policy(hold_s=0.2))
    watch.apply(Failed(Kind.AUTH, 0, "t"))
    with redis.Redis.from_url(own_fleet.url) as server:
        server.flushall()
    assert own_fleet.store(Policy()).read().mode is None
    eventually(lambda: own_fleet.store(Policy()).read().mode is Mode.WRITE_ONLY, within_s=5)
    assert watch.state.mode is Mode.WRITE_ONLY
    assert watch.apply(Lease("token")) is Verb.LEASED


def test_a_redis_that_stops_answering_is_noticed_and_found_again(own_fleet):
    watch = own_fleet.join()
    eventually(lambda: watch.up)
    own_fleet.server.signal(signal.SIGSTOP)
    assert eventually(lambda: not watch.up) < 1.5  # two missed heartbeats of 250 ms, and a read in between
    assert watch.apply(Failed(Kind.AUTH, 0, "t")) is Verb.TRIPPED
    own_fleet.server.signal(signal.SIGCONT)
    eventually(lambda: watch.up)
    assert own_fleet.join().state.mode is Mode.WRITE_ONLY


def test_a_stumble_does_not_end_the_listener(fleet, stack, caplog):
    stumbles = iter([ZeroDivisionError("a bug")])

    def tick() -> None:
        for error in stumbles:
            raise error

    store = fleet.store(Policy())
    hooks = Hooks(changed=lambda *_: None, lapsed=lambda: None, tick=tick)
    watch = Watch(store, Policy(), SystemClock(), hooks)
    stack.callback(watch.close)
    watch.start()
    eventually(lambda: "stumbled" in caplog.text)
    fleet.join().apply(Failed(Kind.AUTH, 0, "t"))
    eventually(lambda: watch.state.mode)


def test_what_was_cleared_while_a_process_was_cut_off_holds_when_it_is_back(own_fleet):
    one = own_fleet.join()
    one.apply(Failed(Kind.AUTH, 0, "t"))
    one.close()  # cut off: hears nothing
    own_fleet.store(Policy()).apply(Clear("ann@ops"))
    assert one.state.mode is Mode.WRITE_ONLY
    one.start()
    eventually(lambda: one.state.mode is None)


class SlowStore(MemoryStore):
    """Pushes at once and answers when the gate opens, as a Redis behind a slow line may."""

    def __init__(self) -> None:
        super().__init__(Policy(), SystemClock())
        self.gate = Flag()

    def apply(self, event):
        answer = super().apply(event)
        self.gate.wait(5)
        return answer


@pytest.fixture
def slow(stack):
    hooks = Hooks(changed=lambda *_: None, lapsed=lambda: None, tick=lambda: None)
    store = SlowStore()
    watch = Watch(store, Policy(), SystemClock(), hooks)
    stack.callback(watch.close)
    stack.callback(store.gate.set)
    watch.start()
    eventually(lambda: store._feeds)
    return watch, store


def test_an_outcome_counts_here_before_the_fleet_has_confirmed_it_and_only_once(slow):
    watch, store = slow
    watch.tell(Failed(Kind.TIMEOUT, 0, "t"))
    watch.tell(Failed(Kind.TIMEOUT, 0, "t"))
    eventually(lambda: watch._shared.failed_at)  # the push of the first is here, its answer is not
    assert (len(watch.state.failed_at), watch.state.mode) == (2, None)
    watch.tell(Failed(Kind.TIMEOUT, 0, "t"))
    assert watch.state.mode is Mode.WRITE_ONLY
    store.gate.set()
    eventually(lambda: not watch._reporter.untold)
    assert (watch.state.epoch, store.read().epoch) == (1, 1)


def test_what_the_fleet_knows_better_corrects_what_was_counted_here(slow):
    watch, store = slow
    for _ in range(2):
        watch.tell(Failed(Kind.TIMEOUT, 0, "t"))
    eventually(lambda: watch._shared.failed_at)
    MemoryStore.apply(store, Succeeded(0))  # a read of another process
    watch.tell(Failed(Kind.TIMEOUT, 0, "t"))
    assert watch.state.mode is Mode.WRITE_ONLY  # as far as this process can know
    store.gate.set()
    eventually(lambda: watch.state.mode is None)
    assert len(watch.state.failed_at) == len(store.read().failed_at) == 2


def test_a_transition_elsewhere_is_shown_at_once_whatever_is_untold(slow):
    watch, store = slow
    watch.tell(Failed(Kind.TIMEOUT, 0, "t"))
    MemoryStore.apply(store, Force(Mode.OFF, "manual", 60, "ann@ops"))
    eventually(lambda: watch.state.mode is Mode.OFF)


def test_closing_tells_what_is_untold_and_ends_the_threads(slow):
    watch, store = slow
    watch.tell(Failed(Kind.AUTH, 0, "t"))
    threads = [watch._listener, watch._reporter._thread]
    closing = Thread(target=watch.close)
    closing.start()
    store.gate.set()
    closing.join()
    assert watch._reporter.untold == []
    eventually(lambda: not any(thread.is_alive() for thread in threads))


def test_what_a_parent_has_not_told_is_the_parents_and_a_child_tells_its_own(slow):
    watch, store = slow
    watch.tell(Failed(Kind.TIMEOUT, 0, "of the parent"))

    def told_by_the_child() -> bool:
        store.gate.set()
        assert watch._reporter.untold == []
        watch.tell(Failed(Kind.AUTH, 0, "of the child"))
        return eventually(lambda: store.read().reason == "auth") >= 0

    assert _in_child(told_by_the_child)


def test_a_probe_of_the_parent_does_not_keep_a_child_from_probing():
    gate, probed = Flag(), Flag()
    policy = Policy(lease_s=0.01)
    prober = Prober(lambda *_, **__: gate.wait(5) and probed.set(), policy, Dice())
    store = MemoryStore(policy, SystemClock())
    store.apply(Force(Mode.WRITE_ONLY, "manual", 0.0, "ann@ops"))
    hooks = Hooks(changed=lambda *_: None, lapsed=lambda: None, tick=lambda: None)
    watch = Watch(store, policy, SystemClock(), hooks)
    watch.start(listen=False)
    prober.start(watch)
    eventually(lambda: store.read().token)

    def probed_by_the_child() -> bool:
        gate.set()
        return eventually(lambda: prober.start(watch) or probed.is_set()) >= 0

    try:
        assert _in_child(probed_by_the_child)
    finally:
        gate.set()
        eventually(lambda: not prober._busy.locked())


def _in_child(condition) -> bool:
    """Fork, and tell whether the condition held there."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if condition() else 2
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0
