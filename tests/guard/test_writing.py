"""The write path: limits, retries inside the deadline, idempotency keys, its own breaker, redaction."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from guard.errors import Kind, MemoryFailure
from guard.metrics import Metrics
from guard.outgoing import MAX_CONTENT, batches, split
from guard.policy import Policy
from guard.writing import Dice, Writes, Written

STORED = Written(stored=True)


@dataclass
class ScriptedMemory:
    """Fails as told, then stores. Scripted: tests/guard/zep and the drills send to a real server."""

    clock: object
    failures: list[MemoryFailure | None] = field(default_factory=list)
    takes_s: float = 0.0
    calls: list[dict] = field(default_factory=list)

    def write(self, thread_id, messages, *, timeout_ms, user_id, idempotency_key):
        self.calls.append({"messages": list(messages), "timeout_ms": timeout_ms, "key": idempotency_key})
        self.clock.advance(self.takes_s)
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure


@pytest.fixture
def memory(clock):
    return ScriptedMemory(clock)


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def send(memory, clock, registry):
    writes = Writes(memory, Policy(), clock, Metrics(registry), Dice(lambda: "made-up", lambda: 1.0))

    def send(*contents: str, **options) -> Written:
        said = [{"role": "user", "content": content} for content in contents]
        return writes.send("t", said, **{"user_id": None, "client_msg_id": None, **options})

    return send


def failing(kind: Kind, times: int) -> list[MemoryFailure | None]:
    return [MemoryFailure(kind)] * times


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.SERVER, Kind.BAD_RESPONSE])
def test_two_retries_at_most_with_the_same_key_and_growing_pauses(send, memory, clock, kind):
    memory.failures = failing(kind, 2)
    began = clock.now
    assert send("hi", client_msg_id="m1") == STORED
    assert [call["key"] for call in memory.calls] == ["m1:0"] * 3
    assert clock.now - began == pytest.approx(0.1 + 0.2)
    memory.calls.clear()
    memory.failures = failing(kind, 3)
    assert send("hi").reason == kind
    assert len(memory.calls) == 3


@pytest.mark.parametrize("kind", [Kind.AUTH, Kind.CLIENT, Kind.RATE_LIMITED, Kind.LOCAL, Kind.CONFIG])
def test_what_a_retry_cannot_mend_is_not_retried(send, memory, kind):
    memory.failures = failing(kind, 1)
    assert send("hi").reason == kind
    assert len(memory.calls) == 1


def test_all_tries_share_one_deadline(send, memory, clock):
    memory.takes_s = 0.7
    memory.failures = failing(Kind.SERVER, 3)
    began = clock.now
    assert send("hi").reason == "server"
    assert [round(call["timeout_ms"]) for call in memory.calls] == [1500, 700]
    assert clock.now - began == pytest.approx(1.5)


def test_three_failed_writes_open_the_breaker_for_30_s_and_one_may_try(send, memory, clock, registry):
    memory.failures = failing(Kind.AUTH, 3)
    for _ in range(3):
        send("hi")
    assert send("hi").reason == "breaker_open"
    assert len(memory.calls) == 3
    clock.advance(30)
    memory.failures = failing(Kind.AUTH, 1)
    assert send("hi").reason == "auth"  # the trial failed: open again
    assert send("hi").reason == "breaker_open"
    clock.advance(30)
    assert send("hi") == STORED
    assert send("hi") == STORED
    assert registry.get_sample_value("circuit_open_total", {"component": "zep_write"}) == 1
    skipped = {"op": "add_messages", "reason": "breaker_open"}
    assert registry.get_sample_value("memory_zep_write_skipped_total", skipped) == 2


def test_failures_that_are_not_zeps_do_not_open_the_breaker(send, memory):
    memory.failures = failing(Kind.CLIENT, 5)
    assert {send("hi").reason for _ in range(5)} == {"client"}
    assert send("hi") == STORED


def test_a_success_ends_the_run_of_failures(send, memory):
    memory.failures = [*failing(Kind.AUTH, 2), None, *failing(Kind.AUTH, 2)]
    assert [send("hi").stored for _ in range(6)] == [False, False, True, False, False, True]


def test_zeps_limits_split_and_never_cut(send, memory):
    long = "word " * 2000
    assert send(*["x"] * 30, long) == STORED
    sent = [[m["content"] for m in call["messages"]] for call in memory.calls]
    assert [len(batch) for batch in sent] == [30, 3]
    assert "".join(sent[1]) == long
    assert all(len(content) <= MAX_CONTENT for content in sent[1])
    assert [call["key"] for call in memory.calls] == ["made-up:0", "made-up:1"]


def test_splitting_prefers_white_space_and_copes_without():
    assert split("a" * 4095 + " " + "b" * 10) == ["a" * 4095 + " ", "b" * 10]
    assert split("a" * 5000) == ["a" * 4096, "a" * 904]
    assert split("short") == ["short"]
    (batch,) = batches([{"role": "user", "content": "short", "name": "ann"}])
    assert batch == [{"role": "user", "content": "short", "name": "ann"}]


def test_nothing_personal_is_sent_and_its_count_is_told(send, memory, registry, caplog):
    caplog.set_level("INFO", logger="guard")
    assert send("I am ann@example.com, call +90 532 123 45 67") == STORED
    assert memory.calls[0]["messages"][0]["content"] == "I am [EMAIL], call [PHONE]"
    assert registry.get_sample_value("memory_zep_redactions_total", {"field_type": "email"}) == 1
    assert registry.get_sample_value("memory_zep_redactions_total", {"field_type": "phone"}) == 1
    assert "pii_redacted email=1 phone=1" in caplog.text
    assert "example.com" not in caplog.text


def test_nothing_to_say_is_not_sent(send, memory):
    assert send("", "  ").reason == "empty"
    assert memory.calls == []
