"""The write path: limits, retries inside the deadline, idempotency keys, its own breaker, redaction."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from guard import Kind, Mode, Settings, Written, build
from guard.metrics import Metrics
from guard.outgoing import MAX_CONTENT, batches, split
from guard.redact import RedactPolicy
from guard.testing import ScriptedMemory, World

STORED = Written(stored=True)

# Zep is scripted here: tests/guard/zep and the drills send to a real server.


class SlowMemory(ScriptedMemory):
    """Takes its time."""

    takes_s = 0.0

    def write(self, *args, **options):
        try:
            return super().write(*args, **options)
        finally:
            self.clock.advance(self.takes_s)


@pytest.fixture
def memory():
    return SlowMemory()


@pytest.fixture
def world(memory):
    world = World(memory=memory)
    memory.clock = world.clock
    return world


@pytest.fixture
def clock(world):
    return world.clock


@pytest.fixture
def send(world):
    return lambda *contents, **options: say(world, *contents, **options)


def say(world: World, *contents: str, **options) -> Written:
    said = [{"role": "user", "content": content} for content in contents]
    return world.guard.add_messages("t", said, **options)


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.SERVER, Kind.BAD_RESPONSE])
def test_two_retries_at_most_with_the_same_key_and_growing_pauses(send, memory, clock, kind):
    memory.refuses(kind, 2)
    began = clock.now
    assert send("hi", client_msg_id="m1") == STORED
    assert [call.idempotency_key for call in memory.writes] == ["m1:0"] * 3
    assert clock.now - began == pytest.approx(0.1 + 0.2)
    memory.writes.clear()
    memory.refuses(kind, 3)
    assert send("hi").reason == kind
    assert len(memory.writes) == 3


@pytest.mark.parametrize("kind", [Kind.AUTH, Kind.CLIENT, Kind.RATE_LIMITED, Kind.LOCAL, Kind.CONFIG])
def test_what_a_retry_cannot_mend_is_not_retried(send, memory, kind):
    memory.refuses(kind, 1)
    assert send("hi").reason == kind
    assert len(memory.writes) == 1


def test_all_tries_share_one_deadline(send, memory, clock):
    memory.takes_s = 0.7
    memory.refuses(Kind.SERVER, 3)
    began = clock.now
    assert send("hi").reason == "server"
    assert [round(call.timeout_ms) for call in memory.writes] == [1500, 700]
    assert clock.now - began == pytest.approx(1.5)


def test_three_failed_writes_open_the_breaker_for_30_s_and_one_may_try(send, memory, clock, world):
    memory.refuses(Kind.AUTH, 3)
    for _ in range(3):
        send("hi")
    assert send("hi").reason == "breaker_open"
    assert len(memory.writes) == 3
    clock.advance(30)
    memory.refuses(Kind.AUTH, 1)
    assert send("hi").reason == "auth"  # the trial failed: open again
    assert send("hi").reason == "breaker_open"
    clock.advance(30)
    assert send("hi") == STORED
    assert send("hi") == STORED
    assert world.metric("circuit_open_total", component="zep_write") == 1
    skipped = world.metric("memory_zep_write_skipped_total", op="add_messages", reason="breaker_open")
    assert skipped == 2


def test_status_learns_of_the_write_breaker_while_it_is_open(send, memory, clock, world):
    memory.refuses(Kind.AUTH, 3)
    for _ in range(3):
        assert not world._store.writes_open()
        send("hi")
    assert world._store.writes_open()
    clock.advance(30)
    memory.refuses(Kind.AUTH)
    send("hi")  # the trial fails: open again
    assert world._store.writes_open()
    clock.advance(30)
    world._store.show_writes(open_s=30)  # of another process, say
    assert send("hi") == STORED
    assert not world._store.writes_open()


def test_failures_that_are_not_zeps_do_not_open_the_breaker(send, memory):
    memory.refuses(Kind.CLIENT, 5)
    assert {send("hi").reason for _ in range(5)} == {"client"}
    assert send("hi") == STORED


def test_a_success_ends_the_run_of_failures(send, memory):
    memory.refuses(Kind.AUTH, 2)
    memory._writes_fail += [None]
    memory.refuses(Kind.AUTH, 2)
    assert [send("hi").stored for _ in range(6)] == [False, False, True, False, False, True]


def test_zeps_limits_split_and_never_cut(send, memory):
    long = "word " * 2000
    assert send(*["x"] * 30, long) == STORED
    sent = [[m["content"] for m in call.messages] for call in memory.writes]
    assert [len(batch) for batch in sent] == [30, 3]
    assert "".join(sent[1]) == long
    assert all(len(content) <= MAX_CONTENT for content in sent[1])
    assert [call.idempotency_key.partition(":")[2] for call in memory.writes] == ["0", "1"]


def test_splitting_prefers_white_space_and_copes_without():
    assert split("a" * 4095 + " " + "b" * 10) == ["a" * 4095 + " ", "b" * 10]
    assert split("a" * 5000) == ["a" * 4096, "a" * 904]
    assert split("short") == ["short"]
    (batch,) = batches([{"role": "user", "content": "short", "name": "ann"}])
    assert batch == [{"role": "user", "content": "short", "name": "ann"}]


def test_nothing_personal_is_sent_and_its_count_is_told(send, memory, world, caplog):
    caplog.set_level("INFO", logger="guard")
    assert send("I am ann@example.com, call +90 532 123 45 67") == STORED
    assert memory.writes[0].messages[0]["content"] == "I am [EMAIL], call [PHONE]"
    assert world.metric("memory_zep_redactions_total", field_type="email") == 1
    assert world.metric("memory_zep_redactions_total", field_type="phone") == 1
    assert "pii_redacted email=1 phone=1" in caplog.text
    assert "example.com" not in caplog.text


def test_what_cannot_be_redacted_is_not_sent_is_counted_and_logged_without_its_content(world, memory, caplog):
    caplog.set_level("INFO", logger="guard")
    said = [{"role": "user", "content": "hi", "metadata": {"raw": b"ann@example.com", "n": 1}}]
    assert world.guard.add_messages("t", said).stored
    assert memory.writes[0].messages == [{"role": "user", "content": "hi", "metadata": {"n": 1}}]
    undecodable = [{"role": "user", "content": b"ann@example.com"}]
    assert world.guard.add_messages("t", undecodable).reason == "unredactable"
    assert len(memory.writes) == 1
    assert world.metric("memory_zep_redactions_total", field_type="dropped") == 2
    assert world.metric("memory_zep_write_skipped_total", op="add_messages", reason="unredactable") == 1
    told = [record for record in caplog.records if "pii_redacted dropped=1" in record.message]
    assert [record.levelname for record in told] == ["WARNING", "WARNING"]
    assert "example.com" not in caplog.text


def test_the_settings_say_what_is_redacted():
    memory = ScriptedMemory()
    settings = Settings(base_mode=Mode.READ_WRITE, redact=RedactPolicy(kinds=frozenset(("phone",))))
    with build(settings, Metrics(CollectorRegistry()), memory) as guard:
        guard.add_messages("t", [{"role": "user", "content": "ann@example.com +90 532 123 45 67"}])
    assert memory.writes[0].messages[0]["content"] == "ann@example.com [PHONE]"


def test_nothing_to_say_is_not_sent(send, memory):
    assert send("", "  ").reason == "empty"
    assert memory.writes == []


def test_a_429_rests_all_writes_as_long_as_zep_asks_and_is_no_failure(send, memory, clock, world):
    memory.refuses(Kind.RATE_LIMITED, retry_after_s=7)
    assert send("hi").reason == "rate_limited"
    assert send("hi").reason == "rate_limited"
    assert len(memory.writes) == 1
    clock.advance(7)
    assert send("hi") == STORED
    assert world.metric("memory_zep_retry_after_seconds_sum", op="add_messages") == 7
    assert world.metric("circuit_open_total", component="zep_write") is None


def test_a_backend_that_raises_what_it_should_not_is_a_failed_write(send, memory, caplog):
    memory._writes_fail = [ConnectionResetError("ann@example.com"), ZeroDivisionError("ann@example.com")]
    assert send("hi") == STORED  # the first two tries failed, the third did not
    assert caplog.text.count("memory_backend_stumbled") == 2
    assert "example.com" not in caplog.text


def test_without_idempotency_a_message_id_is_claimed_once_by_user_and_assistant_alike():
    world = World(memory=ScriptedMemory(idempotent=False))
    assert [say(world, "hi", client_msg_id=name).reason for name in ("m1", "m2", "m1")] == [
        None,
        None,
        "duplicate",
    ]
    assert len(world.memory.writes) == 2


def test_without_idempotency_a_failed_write_frees_its_id_and_the_doubt_is_counted():
    world = World(memory=ScriptedMemory(idempotent=False))
    world.memory.refuses(Kind.TIMEOUT, 3)
    assert say(world, "hi", client_msg_id="m1").reason == "timeout"
    assert world.metric("memory_guard_ambiguous_writes_total") == 3
    assert say(world, "hi", client_msg_id="m1") == STORED


def test_with_idempotency_keys_nothing_is_claimed_or_in_doubt(send, memory, world):
    memory.refuses(Kind.TIMEOUT, 1)
    assert [send("hi", client_msg_id="m1").reason for _ in range(2)] == [None, None]
    assert len(memory.writes) == 3
    assert world.metric("memory_guard_ambiguous_writes_total") == 0


def test_one_line_a_turn_tells_what_memory_gave_and_took(world, caplog):
    caplog.set_level("INFO", logger="guard")
    context = world.guard.fetch_context("t")
    say(world, "I am ann@example.com", context=context)
    (turn,) = [record for record in caplog.records if getattr(record, "event", "") == "assistant_turn"]
    assert (turn.thread_id, turn.mode, turn.used, turn.cached) == ("t", "read_write", True, False)
    assert (turn.redactions, turn.status) == (1, "stored")
    assert turn.read_ms >= 0
    assert turn.write_ms >= 0


class TestWithCache:
    @pytest.fixture
    def world(self):
        return World(cached=True)

    def cached(self, world: World) -> str | None:
        context = world.guard.fetch_context("t")
        return context.text if context.trace["cached"] else None

    def test_a_write_refreshes_what_is_cached(self, world):
        world.guard.fetch_context("t")
        world.memory.says("fresh")
        say(world, *["x"] * 31)
        assert [write.return_context for write in world.memory.writes] == [False, True]
        assert self.cached(world) == "fresh"

    def test_a_write_that_brings_no_context_forgets_the_old_one(self, world):
        world.guard.fetch_context("t")
        world.memory.says(None)
        say(world, "hi")
        assert self.cached(world) is None

    def test_a_write_that_may_have_been_stored_forgets_the_old_one(self, world):
        world.guard.fetch_context("t")
        world.memory.refuses(Kind.TIMEOUT, 3)
        say(world, "hi")
        assert self.cached(world) is None

    def test_a_write_that_was_refused_leaves_it(self, world):
        world.guard.fetch_context("t")
        world.memory.refuses(Kind.AUTH)
        say(world, "hi")
        assert self.cached(world) == "facts"

    def test_in_write_only_a_write_asks_for_nothing_and_forgets(self, world):
        world.guard.fetch_context("t")
        world.force(Mode.WRITE_ONLY)
        say(world, "hi")
        assert not world.memory.writes[0].return_context
        world.clear()
        assert self.cached(world) is None
