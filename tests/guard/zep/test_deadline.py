"""No call outlives its deadline, whatever the socket does."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from raw_zep import answer, drip, hang
from sdk import CONTEXT_PATH

from guard.errors import Kind, MemoryFailure

SLACK_S = 0.15  # this machine's scheduling, not the deadline's
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n"
BODY = b'{"context": "facts"}'


@pytest.mark.parametrize(
    "script",
    [hang, drip(HEAD + b"\r\n" + BODY), drip(HEAD + b"X-Slow: " + b"z" * 200 + b"\r\n\r\n" + BODY)],
    ids=["hang", "dripping body", "dripping headers"],
)
def test_a_read_ends_at_its_deadline(raw_zep, memory, script):
    raw_zep.script = script
    assert _timed_out(lambda: memory.read("t", timeout_ms=250)) == pytest.approx(0.25, abs=SLACK_S)


def test_a_write_ends_at_its_deadline(raw_zep, memory):
    raw_zep.script = hang
    said = [{"role": "user", "content": "hi"}]
    options = {"user_id": None, "idempotency_key": "k", "return_context": False}
    took_s = _timed_out(lambda: memory.write("t", said, timeout_ms=400, **options))
    assert took_s == pytest.approx(0.4, abs=SLACK_S)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address whose SYNs are dropped: a listener with a full backlog."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_connecting_counts_for_a_read_and_has_its_own_budget_for_a_probe(black_hole, make_memory):
    memory = make_memory(black_hole)
    assert _timed_out(lambda: memory.read("t", timeout_ms=200)) == pytest.approx(0.2, abs=SLACK_S)
    took_s = _timed_out(lambda: memory.probe("t", timeout_ms=100, connect_ms=500))
    assert took_s == pytest.approx(0.5, abs=SLACK_S)


def test_a_probe_is_marked_and_repeats_the_read_that_failed(raw_zep, memory, api):
    memory.probe("t", timeout_ms=250, connect_ms=1000)
    assert raw_zep.requests[0].startswith(f"GET {CONTEXT_PATH[api]} ".encode())
    assert b"x-guard-probe: 1" in raw_zep.requests[0].lower()


def test_a_probe_without_a_thread_asks_for_something_that_needs_the_key(raw_zep, memory, api):
    raw_zep.script = answer(200, {"uuid": "p", "project": {"uuid": "p"}})
    memory.probe("", timeout_ms=250, connect_ms=1000)
    path, scheme = (b"/sessions?limit=1", b"bearer") if api == "V1" else (b"/project", b"api-key")
    assert path in raw_zep.requests[0].split(b"\r\n")[0]
    assert b"authorization: " + scheme + b" a-key" in raw_zep.requests[0].lower()


def _timed_out(call) -> float:
    began = time.monotonic()
    with pytest.raises(MemoryFailure) as failure:
        call()
    assert failure.value.kind is Kind.TIMEOUT
    return time.monotonic() - began
