"""The outbox: what is acknowledged is in Zep or in it, in order per thread, whoever dies when."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from awaiting import eventually
from outboxes import Fleet, said

from guard import AsyncMemoryGuard, Kind, Mode, Policy, Settings, SettingsError, Written, build
from guard.clock import SystemClock
from guard.errors import StoreError
from guard.machine import Force
from guard.outbox import CLIENT_TRIES, COOL_S, FAILED_TRIES, Verdict, judge, pace_s
from guard.stores.connection import connect
from guard.stores.redis import RedisStore
from guard.testing import AsyncScriptedMemory

QUEUED = Written(stored=False, reason="outbox")
STORED = Written(stored=True)


@pytest.fixture
def fleet(redis_url):
    fleet = Fleet(redis_url)
    yield fleet
    fleet.close()


@pytest.fixture
def guard(fleet):
    return fleet.guard()


def fill(fleet: Fleet, guard, *texts: str, thread: str = "t") -> None:
    fleet.memory.away = Kind.SERVER
    for text in texts:
        assert guard.add_messages(thread, said(text)).acknowledged
    fleet.memory.away = None
    fleet.clock.advance(30)  # the write breaker's hold


# What goes in


@pytest.mark.parametrize(
    "kind",
    [Kind.TIMEOUT, Kind.SERVER, Kind.BAD_RESPONSE, Kind.AUTH, Kind.RATE_LIMITED, Kind.LOCAL, Kind.CONFIG],
)
def test_what_zep_could_not_take_waits_and_counts_as_acknowledged(fleet, guard, kind):
    fleet.memory.away = kind
    written = guard.add_messages("t", said("hi"))
    assert written == QUEUED
    assert written.acknowledged
    assert not written.stored
    assert fleet.depth() == 1


def test_what_a_healthy_zep_refuses_is_refused_to_the_caller(fleet, guard):
    fleet.memory.away = Kind.CLIENT
    written = guard.add_messages("t", said("hi"))
    assert (written.reason, written.acknowledged, fleet.depth()) == ("client", False, 0)


def test_an_open_breaker_queues_without_asking_zep(fleet, guard):
    fleet.memory.away = Kind.AUTH
    for n in range(3):
        guard.add_messages(f"t{n}", said("hi"))
    fleet.memory.away = None
    assert guard.add_messages("other", said("hi")) == QUEUED
    assert fleet.memory.ledger == []


def test_only_redacted_text_waits(fleet, guard):
    fill(fleet, guard, "I am ann@example.com")
    kept = str([fleet.redis.xrange(f"{fleet.prefix}outbox:{n}") for n in range(1, 9)])
    assert "[EMAIL]" in kept
    assert "example.com" not in kept


def test_what_comes_later_in_a_thread_queues_behind_and_other_threads_do_not(fleet, guard):
    fill(fleet, guard, "first")
    assert guard.add_messages("t", said("second")) == QUEUED
    assert guard.add_messages("other", said("hi")) == STORED
    assert guard.drain().replayed == 2
    assert fleet.memory.of("t") == ["first", "second"]
    assert guard.add_messages("t", said("third")) == STORED


def test_a_process_that_starts_while_something_waits_queues_behind_at_once(fleet, guard):
    fill(fleet, guard, "first")
    assert fleet.guard().add_messages("t", said("second")) == QUEUED
    assert fleet.guard().add_messages("other", said("hi")) == STORED


def test_a_process_that_starts_without_redis_knows_nothing_and_does_not_overtake(own_redis):
    fleet = Fleet(own_redis.url)
    own_redis.stop()
    assert fleet.guard().add_messages("t", said("hi")).reason == "unwritten"
    fleet.close()


def test_a_long_write_continues_where_zep_failed_it_under_the_same_keys(fleet, guard):
    texts = [f"m{n}" for n in range(70)]
    first_batch = fleet.memory._writes_fail
    first_batch += [None]
    fleet.memory.refuses(Kind.SERVER, 3)
    messages = [said(text)[0] for text in texts]
    assert guard.add_messages("t", messages, client_msg_id="k") == QUEUED
    assert fleet.depth() == 2
    assert guard.drain().replayed == 2
    assert fleet.memory.of("t") == texts
    assert [call.idempotency_key for call in fleet.memory.writes if len(call.messages) < 30] == ["k:2"]


def test_a_write_that_zep_stored_without_answering_is_stored_once(fleet, guard):
    fleet.memory.answers = False
    assert guard.add_messages("t", said("hi")) == QUEUED
    fleet.memory.answers = True
    assert guard.drain().replayed == 1
    assert fleet.memory.of("t") == ["hi"]


def test_on_v3_a_name_stays_taken_while_its_write_waits(redis_url):
    fleet = Fleet(redis_url, idempotent=False)
    guard = fleet.guard()
    fleet.memory.away = Kind.AUTH
    assert guard.add_messages("t", said("hi"), client_msg_id="m1") == QUEUED
    assert guard.add_messages("t", said("hi"), client_msg_id="m1").reason == "duplicate"
    fleet.memory.away = None
    guard.drain()
    assert fleet.memory.of("t") == ["hi"]
    fleet.close()


def test_a_full_outbox_refuses_the_newest_and_loses_nothing(fleet):
    guard = fleet.guard(limit=2)
    fill(fleet, guard, "1", "2")
    fleet.memory.away = Kind.SERVER
    written = guard.add_messages("t", said("3"))
    assert (written.reason, written.acknowledged) == ("unwritten", False)
    fleet.memory.away = None
    fleet.clock.advance(60)
    guard.drain()
    assert fleet.memory.of("t") == ["1", "2"]
    guard._core._metrics.flush()
    assert fleet.metric("memory_guard_outbox_dropped_total", reason="full") == 1


def test_a_write_of_many_calls_fits_or_is_refused_as_a_whole(fleet):
    guard = fleet.guard(limit=2)
    fleet.memory.away = Kind.SERVER
    assert guard.add_messages("t", said("x") * 70).reason == "unwritten"
    assert fleet.depth() == 0


def test_off_costs_and_changes_nothing(redis_url, fleet):
    guard = fleet.guard(outbox=None)
    fleet.memory.away = Kind.SERVER
    assert guard.add_messages("t", said("hi")).reason == "server"
    assert guard.drain().reason == "no_outbox"
    assert fleet.redis.keys(f"{fleet.prefix}*") == []


def test_an_outbox_needs_a_redis():
    with pytest.raises(SettingsError, match="GUARD_OUTBOX needs a Redis"):
        build(Settings.from_env({"GUARD_OUTBOX": "100", "FLAG_ZEP_WRITE": "on"}))


def test_a_healthy_write_asks_redis_nothing(fleet, guard):
    guard.add_messages("t", said("hi"))
    before = fleet.redis.info("stats")["total_commands_processed"]
    for _ in range(10):
        assert guard.add_messages("t", said("hi")) == STORED
    assert fleet.redis.info("stats")["total_commands_processed"] - before <= 1  # our own INFO


# What comes out


def test_a_drain_stops_when_zep_fails_and_goes_on_where_it_stopped(fleet, guard):
    fill(fleet, guard, "1", "2")
    fleet.memory.away = Kind.SERVER
    assert guard.drain().reason == "server"
    fleet.memory.away = None
    fleet.lapse()
    assert guard.drain().replayed == 2
    assert fleet.memory.of("t") == ["1", "2"]


def test_replays_go_through_the_write_breaker(fleet, guard):
    fill(fleet, guard, "1")
    fleet.memory.away = Kind.AUTH
    for _ in range(3):
        guard.drain()
        fleet.lapse()
    fleet.memory.away = None
    assert guard.drain().reason == "breaker_open"
    assert fleet.memory.ledger == []
    fleet.clock.advance(30)
    assert guard.drain().replayed == 1


def test_a_429_rests_the_drain_too(fleet, guard):
    fill(fleet, guard, "1", "2")
    fleet.memory.refuses(Kind.RATE_LIMITED, retry_after_s=7)
    assert guard.drain().reason == "rate_limited"
    fleet.lapse()
    assert guard.drain().reason == "breaker_open"
    fleet.clock.advance(7)
    assert guard.drain().replayed == 2


def test_nothing_is_replayed_while_an_operator_keeps_writes_off(fleet, guard):
    fill(fleet, guard, "1")
    guard._core.watch.apply(Force(Mode.OFF, "manual", 60, "ann@ops"))
    assert guard.drain().reason == "off"
    assert fleet.memory.ledger == []


def test_a_drainer_without_a_listener_sees_the_operator_act_between_two_entries(fleet, guard):
    fill(fleet, guard, "1", "2")
    store, write = guard._core.watch._store, fleet.memory.write

    def then_off(*args, **options):
        store.apply(Force(Mode.OFF, "manual", 60, "ann@ops"))  # by another process: nothing tells this one
        return write(*args, **options)

    fleet.memory.write = then_off
    drained = guard.drain()
    assert (drained.replayed, drained.reason) == (1, "off")


def test_who_cannot_ask_how_things_stand_does_not_drain(own_redis):
    fleet = Fleet(own_redis.url)
    clock, connections = fleet.clock, connect(own_redis.url)
    guard = fleet.guard(store=RedisStore(connections, Policy(), clock, fleet.prefix))
    fill(fleet, guard, "1")
    own_redis.stop()
    assert guard.drain().reason == "stopped"
    fleet.close()
    connections.close()


def test_a_replay_forgets_the_cached_context(fleet):
    from guard.ports import Cached
    from guard.stores.memory import LocalCache

    cache = LocalCache(fleet.clock)
    guard = fleet.guard(cache=cache)
    fill(fleet, guard, "1")
    cache.replace("t", Cached("old"), 3600)
    guard.drain()
    assert cache.get("t") is None


def test_replays_begin_slowly():
    pauses = [pace_s(n, 50) for n in range(9)]
    assert pauses[0] == pytest.approx(8 / 50)
    assert pauses == sorted(pauses, reverse=True)
    assert pauses[8] == 1 / 50


# Crashes


@pytest.mark.parametrize("crash_after", range(14))
@pytest.mark.parametrize("idempotent", [True, False])
def test_a_drainer_may_die_after_any_step(redis_url, crash_after, idempotent):
    fleet = Fleet(redis_url, idempotent=idempotent)
    dying, heir = fleet.guard(), fleet.guard()
    texts = [str(n) for n in range(4)]
    fill(fleet, dying, *texts)
    already = sum(counted(fleet, dying))
    plan, answer = dying._core.drain(), None
    for _ in range(crash_after):
        answer = dying._do(plan.send(answer))
    heir.drain()  # while the dead one's lease still holds
    fleet.lapse()
    heir.drain()
    stored = fleet.memory.of("t")
    assert list(dict.fromkeys(stored)) == texts
    assert stored == sorted(stored)
    twice = len(stored) - len(texts)
    assert twice <= (0 if idempotent else 1)
    assert sum(counted(fleet, heir)) - already >= twice
    assert fleet.depth() == 0
    assert fleet.redis.hlen(f"{fleet.prefix}outbox:threads") == 0
    plan.close()  # the dead one's last words change nothing
    assert fleet.depth() == 0
    fleet.close()


def counted(fleet: Fleet, guard) -> list[float]:
    guard._core._metrics.flush()
    return [fleet.metric("memory_guard_ambiguous_writes_total")]


def test_a_drainer_that_is_cut_off_gives_its_entry_back_at_once(fleet, guard):
    fill(fleet, guard, "1")
    plan = guard._core.drain()
    taken = guard._do(next(plan))
    assert fleet.outbox().take("another") is None
    plan.send(taken)
    plan.close()
    found = []
    eventually(lambda: found.append(fleet.outbox().take("another")) or found[-1], within_s=COOL_S + 2)
    assert found[-1].tries == 1  # no strike, and long before the lease would have lapsed


def test_a_late_drainer_changes_nothing(fleet, guard):
    fill(fleet, guard, "1", "2")
    late, box = fleet.outbox().take("late"), fleet.outbox()
    fleet.lapse()
    assert box.take("next").id == late.id
    assert [box.done(late), box.back(late, counts=True), box.aside(late, "client")] == [False] * 3
    assert box.look().depth == 2
    assert box.poison() == []


def test_each_of_several_drainers_gets_another_partition(fleet, guard):
    for n in range(40):
        fill(fleet, guard, "x", thread=f"t{n}")
    box = fleet.outbox()
    taken = [box.take(str(n)) for n in range(9)]
    assert {one.partition for one in taken[:8]} == set(range(1, 9))
    assert taken[8] is None


def test_the_oldest_goes_first_whatever_its_partition(fleet, guard):
    for n in range(20):
        fill(fleet, guard, str(n), thread=f"t{n}")
        seconds, us = fleet.redis.time()
        eventually(lambda: fleet.redis.time() > (seconds, us + 1000))  # noqa: B023 - now; ids tell ms apart
    assert guard.drain().replayed == 20
    assert [text for _, text in fleet.memory.ledger] == [str(n) for n in range(20)]


# Poison


def test_the_verdicts():
    from guard.errors import MemoryFailure

    server, client = MemoryFailure(Kind.SERVER), MemoryFailure(Kind.CLIENT)
    assert judge(None, 99, others_went=False) is Verdict.DONE
    assert judge(server, 99, others_went=False) is Verdict.FORGIVE
    assert judge(server, 1, others_went=True) is Verdict.STRIKE
    assert judge(server, FAILED_TRIES, others_went=True) is Verdict.ASIDE
    assert judge(client, 1, others_went=False) is Verdict.STRIKE
    assert judge(client, CLIENT_TRIES, others_went=False) is Verdict.ASIDE
    assert judge(MemoryFailure(Kind.AUTH), 99, others_went=True) is Verdict.FORGIVE


def test_what_zep_refuses_is_set_aside_and_its_thread_goes_on(fleet, guard):
    fill(fleet, guard, "bad", "good")
    fleet.memory.refused = {"bad"}
    for _ in range(CLIENT_TRIES):
        guard.drain()
        fleet.lapse()
    assert fleet.memory.of("t") == ["good"]
    (poison,) = fleet.outbox().poison()
    assert (poison.thread_id, poison.reason, poison.tries) == ("t", "client", CLIENT_TRIES)
    guard._core._metrics.flush()
    assert fleet.metric("memory_guard_outbox_set_aside_total", reason="client") == 1
    fleet.memory.refused = set()
    assert fleet.outbox().retry(poison.id) == 1
    assert fleet.outbox().poison() == []
    assert guard.drain().replayed == 1
    assert fleet.memory.of("t") == ["good", "bad"]


def test_what_fails_while_others_go_through_is_set_aside_and_an_outage_is_not_held_against_it(fleet, guard):
    fill(fleet, guard, "bad")
    fleet.memory.refused, fleet.memory.refusal = {"bad"}, Kind.SERVER
    for _ in range(2 * FAILED_TRIES):  # an outage: nothing else goes through
        guard.drain()
        fleet.lapse()
        fleet.clock.advance(30)
    assert fleet.outbox().poison() == []
    for _ in range(FAILED_TRIES + 1):
        assert guard.add_messages("other", said("fine")) == STORED
        guard.drain()
        fleet.lapse()
    assert [one.reason for one in fleet.outbox().poison()] == ["server"]


def test_what_cannot_be_read_is_set_aside_at_once(fleet, guard):
    fleet.outbox().put("t", ["not JSON", '["u", "k"]'])
    fill(fleet, guard, "good")
    assert guard.drain().set_aside == 2
    assert fleet.memory.of("t") == ["good"]


def test_what_was_set_aside_counts_towards_the_bound(fleet):
    guard = fleet.guard(limit=1)
    fleet.outbox().put("t", ["not JSON"])
    guard.drain()
    fleet.memory.away = Kind.SERVER
    assert guard.add_messages("t", said("hi")).reason == "unwritten"


# Redis comes and goes


def test_neither_zep_nor_redis_means_unwritten(own_redis):
    fleet = Fleet(own_redis.url)
    guard = fleet.guard()
    fleet.memory.away = Kind.SERVER
    own_redis.stop()
    assert guard.add_messages("t", said("hi")).reason == "unwritten"
    guard._core._metrics.flush()
    assert fleet.metric("memory_guard_outbox_dropped_total", reason="redis") == 1
    fleet.close()


def test_without_redis_a_healthy_zep_takes_writes_unless_something_waits(own_redis):
    fleet = Fleet(own_redis.url)
    guard, other = fleet.guard(), fleet.guard()
    fill(fleet, guard, "1")
    own_redis.stop()
    assert other.add_messages("t2", said("hi")) == STORED
    assert guard.add_messages("t", said("2")).reason == "unwritten"  # it must not overtake
    assert guard.drain().reason == "redis"
    fleet.close()


def test_a_hung_redis_costs_a_failed_write_its_patience_once(own_redis):
    fleet = Fleet(own_redis.url, patience_s=0.1)
    guard = fleet.guard()
    fleet.memory.away = Kind.AUTH
    own_redis.signal(signal.SIGSTOP)
    try:
        assert guard.add_messages("t", said("hi")).reason == "unwritten"
        with pytest.raises(StoreError):
            fleet.outbox().look()
    finally:
        own_redis.signal(signal.SIGCONT)
    fleet.close()


# The worker


def test_the_worker_of_a_guard_empties_the_outbox(fleet):
    guard = fleet.guard(threaded=True, clock=SystemClock())
    fleet.memory.away = Kind.CONFIG  # opens no breaker, whose hold is 30 real seconds
    assert guard.add_messages("t", said("1")) == QUEUED
    assert guard.add_messages("t", said("2")) == QUEUED
    eventually(lambda: fleet.metric("memory_guard_outbox_depth") == 2)
    fleet.memory.away = None
    eventually(lambda: fleet.memory.of("t") == ["1", "2"], within_s=5)
    eventually(lambda: not guard._core.writes._outbox.filled)
    assert guard.add_messages("t", said("3")) == STORED


def test_a_worker_that_starts_while_something_waits_begins_at_once(fleet, guard, caplog):
    fill(fleet, guard, "1")
    fleet.guard(threaded=True, clock=SystemClock())
    eventually(lambda: fleet.memory.of("t") == ["1"])
    assert "stumbled" not in caplog.text


def test_a_forked_childs_worker_begins_with_its_first_write(fleet):
    guard = fleet.guard(threaded=True, clock=SystemClock())
    child = os.fork()
    if child == 0:
        try:
            assert guard._core._courier._thread is None
            fleet.memory.away = Kind.CONFIG
            assert guard.add_messages("t", said("1")) == QUEUED
            fleet.memory.away = None
            eventually(lambda: fleet.memory.of("t") == ["1"])
            os._exit(0)
        finally:
            os._exit(1)
    guard.close()  # the parent must not do its child's work
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_worker_hears_of_the_others_entries(fleet, guard):
    other = fleet.guard(threaded=True, memory=Fleet(fleet.url).memory)
    other._core._drain = lambda: None
    other.drain = lambda: None
    box = other._core.writes._outbox
    assert not box.filled
    other._core.drains.closing = True  # hears, and leaves the work to us
    fill(fleet, guard, "1")
    eventually(lambda: box.filled)
    guard.drain()
    eventually(lambda: not box.filled)


def test_filling_and_emptying_are_pushed(fleet):
    listening, acting = fleet.outbox(), fleet.outbox()
    listening.look()
    with listening.follow() as hear:
        acting.put("t", ["1"])
        eventually(lambda: hear(0.1) or listening.filled)
        acting.put("t", ["2"])
        acting.done(acting.take("me"))
        assert acting.done(acting.take("me"))
        eventually(lambda: hear(0.1) or not listening.filled)


def test_a_late_push_does_not_undo_what_this_process_did_itself(fleet):
    listening, acting = fleet.outbox(), fleet.outbox()
    with listening.follow() as hear:
        acting.put("t", ["1"])
        assert acting.done(acting.take("me"))  # both pushes wait in the socket
        listening.put("t", ["2"])
        for _ in range(4):
            hear(0.05)
            assert listening.filled


def test_a_worker_survives_a_redis_that_was_away(own_redis):
    fleet = Fleet(own_redis.url)
    guard = fleet.guard(threaded=True, clock=SystemClock())
    own_redis.stop()
    own_redis.start()
    fleet.memory.away = Kind.CONFIG
    eventually(lambda: guard.add_messages("t", said("1")) == QUEUED)
    fleet.memory.away = None
    eventually(lambda: fleet.memory.of("t") == ["1"], within_s=5)
    fleet.close()


def test_asyncio_the_worker_empties_the_outbox_in_the_loop_that_wrote(fleet):
    async def main() -> None:
        memory = AsyncScriptedMemory(fleet.memory)
        parts = fleet.parts(threaded=True, clock=SystemClock(), memory=memory)
        async with AsyncMemoryGuard(parts) as guard:
            fleet.memory.away = Kind.CONFIG
            assert await guard.add_messages("t", said("1")) == QUEUED
            fleet.memory.away = None
            await asyncio.to_thread(eventually, lambda: fleet.memory.of("t"))
            fleet.memory.away = Kind.CONFIG
            assert await guard.add_messages("t2", said("2")) == QUEUED
            fleet.memory.away = None
            await guard.drain()
            await asyncio.to_thread(eventually, lambda: fleet.depth() == 0)

    asyncio.run(asyncio.wait_for(main(), 10))
    assert fleet.memory.ledger == [("t", "1"), ("t2", "2")]


def test_policy_keeps_a_lease_longer_than_a_write():
    assert Policy(write_timeout_ms=60_000, lease_s=1).outbox_lease_s == 240
