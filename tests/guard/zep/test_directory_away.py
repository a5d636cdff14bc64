"""Redis is away and nobody here knows the thread's UUID: that is not an empty memory, and writes go on."""

from __future__ import annotations

import pytest
from raw_zep import answer
from sdk import only_v4

from guard.directory import LocalDirectory
from guard.errors import Kind, MemoryFailure, StoreError

pytestmark = only_v4


class Unreachable(LocalDirectory):
    """What this process does not know only Redis could tell."""

    def get(self, kind: str, name: str, *, patient: bool = False) -> str | None:
        if patient and name == "known to a patient Redis":
            return "u-2"
        known = super().get(kind, name)
        if known is None:
            raise StoreError("Redis does not answer")
        return known


@pytest.fixture
def directory() -> Unreachable:
    return Unreachable()


def test_a_read_says_that_it_does_not_know(raw_zep, memory):
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert failure.value.kind is Kind.LOCAL
    assert raw_zep.requests == []


def test_a_probe_asks_for_the_project_instead(raw_zep, memory):
    raw_zep.script = answer(200, {"uuid": "p"})
    memory.probe("t", timeout_ms=250, connect_ms=1000)
    assert b"/project" in raw_zep.requests[0].split(b"\r\n")[0]


def test_a_probe_waits_for_redis_rather_than_ask_for_something_else(raw_zep, memory):
    memory.probe("known to a patient Redis", timeout_ms=250, connect_ms=1000)
    assert b"/threads/u-2/context" in raw_zep.requests[0].split(b"\r\n")[0]


def test_a_write_makes_user_and_thread_under_keys_that_give_every_worker_the_same(raw_zep, memory, directory):
    raw_zep.script = answer(
        200, {"uuid": "u-1", "messages": [], "task": {"uuid": "x", "status": "succeeded"}}
    )
    said = [{"role": "user", "content": "hi"}]
    memory.write("t", said, timeout_ms=2000, user_id="ann", idempotency_key="k", return_context=False)
    keys = [
        line.split(b": ")[1]
        for request in raw_zep.requests
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"idempotency-key")
    ]
    assert keys == [b"user:ann", b"thread:u-1:t", b"k"]
    assert directory.get("thread", "t") == "u-1"
