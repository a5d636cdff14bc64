"""What an application sees: context or the reason why not, and one probe when a hold lapses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event as Flag

import pytest
from awaiting import eventually
from prometheus_client import CollectorRegistry

from guard import Answer, Kind, MemoryFailure, MemoryGuard, Mode, Policy
from guard.clock import SystemClock
from guard.machine import Clear, Force
from guard.metrics import Metrics
from guard.ports import Reading
from guard.service import Parts
from guard.shadow import AutoDowngrade
from guard.stores.memory import MemoryStore

# Zep itself is scripted here: these tests are about the guard's answers; tests/guard/zep drives the real SDK.


@dataclass
class ScriptedMemory:
    """Answers what it is told to and notes what it was asked."""

    answer: Reading | Exception = Reading("facts")  # noqa: RUF009 - frozen
    writes_fail: MemoryFailure | None = None
    reads: list[str] = field(default_factory=list)
    written: list[object] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    gate: Flag = field(default_factory=Flag)

    def read(self, thread_id, *, timeout_ms):
        self.reads.append(thread_id)
        return self._say()

    def write(self, thread_id, messages, *, timeout_ms, user_id, idempotency_key):
        if self.writes_fail:
            raise self.writes_fail
        self.written += messages

    def probe(self, thread_id, *, timeout_ms, connect_ms):
        self.gate.wait(5)
        self.probes.append(thread_id)
        self._say()

    def close(self):
        self.gate.set()

    def _say(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class World:
    def __init__(self, policy: Policy, base_mode: Mode = Mode.READ_WRITE, auto: str = "on") -> None:
        self.memory = ScriptedMemory()
        self.store = MemoryStore(policy, SystemClock())
        self.registry = CollectorRegistry()
        self.guard = MemoryGuard(
            Parts(
                self.memory,
                self.store,
                policy,
                base_mode,
                AutoDowngrade(auto),
                metrics=Metrics(self.registry),
            )
        )

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def make_world():
    made: list[World] = []

    def make(**changes) -> World:
        made.append(World(Policy(hold_s=changes.pop("hold_s", 300.0)), **changes))
        return made[-1]

    yield make
    for world in made:
        world.guard.close()


@pytest.fixture
def world(make_world) -> World:
    return make_world()


def test_context_is_found_empty_or_unavailable(world):
    assert world.guard.fetch_context("t").answer is Answer.FOUND
    world.memory.answer = Reading(None)
    assert world.guard.fetch_context("t").answer is Answer.EMPTY
    world.memory.answer = MemoryFailure(Kind.TIMEOUT)
    assert world.guard.fetch_context("t").answer is Answer.UNAVAILABLE


def test_a_refused_key_stops_reads_at_once_and_writes_go_on(world):
    world.memory.answer = MemoryFailure(Kind.AUTH, status_code=401)
    first = world.guard.fetch_context("t").trace
    assert (first["reason"], first["status_code"], first["mode"]) == ("auth", 401, "write_only")
    for _ in range(20):
        blocked = world.guard.fetch_context("t").trace
    assert (blocked["source"], blocked["reason"], blocked["used"]) == ("write_only_forced", "auth", False)
    assert blocked["until"].endswith("Z")
    assert world.memory.reads == ["t"]
    assert world.guard.add_messages("t", [{"role": "user", "content": "hi"}]).stored


def test_a_success_ends_a_run_of_failures(world):
    timeout = MemoryFailure(Kind.TIMEOUT)
    for answer in (timeout, timeout, Reading("facts"), timeout, timeout):
        world.memory.answer = answer
        world.guard.fetch_context("t")
    assert world.guard.mode is Mode.READ_WRITE


def test_a_read_that_never_asked_zep_does_not_end_a_run_of_failures(world):
    for answer in (MemoryFailure(Kind.TIMEOUT), Reading(None, asked=False)) * 3:
        world.memory.answer = answer
        world.guard.fetch_context("t")
    assert world.guard.mode is Mode.WRITE_ONLY


def test_a_trace_is_json_and_holds_no_text(world):
    trace = world.guard.fetch_context("t").trace
    assert "facts" not in json.dumps(trace)
    assert set(trace) >= {"mode", "used", "cached", "source", "took_ms", "reason", "until", "status_code"}


def test_when_the_hold_lapses_one_probe_restores_reads_without_any_traffic(make_world):
    world = make_world(hold_s=0.05)
    world.memory.answer = MemoryFailure(Kind.AUTH)
    world.guard.fetch_context("t9")
    world.memory.answer = Reading("facts")
    world.memory.gate.set()
    eventually(lambda: world.guard.mode is Mode.READ_WRITE)
    assert world.memory.probes == ["t9"]


def test_a_failed_probe_holds_again_and_the_next_one_recovers(make_world):
    world = make_world(hold_s=0.05)
    world.memory.gate.set()
    world.memory.answer = MemoryFailure(Kind.AUTH)
    world.guard.fetch_context("t")
    eventually(lambda: world.store.read().reason == "probe_failed")
    world.memory.answer = MemoryFailure(Kind.CLIENT, status_code=404)  # answered by a healthy Zep
    eventually(lambda: world.guard.mode is Mode.READ_WRITE)


def test_a_probe_that_stumbles_holds_again_and_does_not_ask_at_once(make_world, caplog):
    world = make_world(hold_s=0.05)
    world.memory.gate.set()
    world.memory.answer = MemoryFailure(Kind.AUTH)
    world.guard.fetch_context("t")
    world.memory.answer = ZeroDivisionError("a bug of the backend")
    eventually(lambda: world.store.read().reason == "probe_failed")


def test_an_operator_is_heard_while_a_probe_hangs(make_world):
    world = make_world(hold_s=0.05)
    world.memory.answer = MemoryFailure(Kind.AUTH)
    world.guard.fetch_context("t")
    eventually(lambda: world.store.read().token)
    world.store.apply(Clear("ann@ops"))
    eventually(lambda: world.guard.mode is Mode.READ_WRITE)


@pytest.mark.parametrize("auto", ["off", "shadow"])
def test_the_emergency_switch_keeps_failures_from_stopping_reads(make_world, auto):
    world = make_world(auto=auto)
    world.memory.answer = MemoryFailure(Kind.AUTH)
    for _ in range(5):
        world.guard.fetch_context("t")
    assert len(world.memory.reads) == 5
    assert (world.store.read().epoch, world.guard.mode) == (0, Mode.READ_WRITE)
    world.store.apply(Force(Mode.WRITE_ONLY, "manual", 60, "ann@ops"))  # an operator still may
    eventually(lambda: world.guard.mode is Mode.WRITE_ONLY)


def test_shadow_counts_and_logs_what_would_have_been(make_world, caplog):
    world = make_world(auto="shadow")
    timeout = MemoryFailure(Kind.TIMEOUT)
    for answer in (timeout, timeout, Reading("facts"), timeout, timeout, timeout, timeout):
        world.memory.answer = answer
        world.guard.fetch_context("t")
    assert world.metric("memory_guard_shadow_decisions_total", reason="consecutive_failures") == 1
    assert world.metric("memory_zep_downgrades_total", reason="consecutive_failures") is None
    assert caplog.text.count("shadow_downgrade reason=consecutive_failures") == 1


def test_off_stops_writes_too(world):
    world.store.apply(Force(Mode.OFF, "manual", 60, "ann@ops"))
    eventually(lambda: world.guard.mode is Mode.OFF)
    assert world.guard.add_messages("t", [{"role": "user", "content": "hi"}]).reason == "off"
    assert world.memory.written == []


def test_a_force_never_enables_what_the_base_mode_forbids(make_world):
    world = make_world(base_mode=Mode.OFF)
    world.store.apply(Force(Mode.WRITE_ONLY, "manual", 60, "ann@ops"))
    eventually(lambda: world.guard._watch.state.mode)
    assert world.guard.mode is Mode.OFF
    assert world.guard.fetch_context("t").trace["reason"] == "flag"
    assert world.memory.reads == []


def test_empty_messages_are_not_sent(world):
    said = [{"role": "user", "content": " "}, {"role": "user", "content": "hi"}]
    assert world.guard.add_messages("t", said).stored
    assert world.memory.written == said[1:]
    assert world.guard.add_messages("t", said[:1]).reason == "empty"


def test_a_write_that_fails_says_why(world):
    world.memory.writes_fail = MemoryFailure(Kind.SERVER, status_code=503)
    written = world.guard.add_messages("t", [{"role": "user", "content": "hi"}])
    assert (written.stored, written.reason) == (False, "server")
    assert world.metric("memory_zep_write_failures_total", op="add_messages", reason="server") == 1


def test_metrics_tell_the_same_story(world):
    assert world.metric("memory_mode_gauge", mode="read_write") == 1
    world.guard.fetch_context("t")
    world.memory.answer = MemoryFailure(Kind.AUTH)
    for _ in range(3):
        world.guard.fetch_context("t")
    world.guard.add_messages("t", [{"role": "user", "content": "hi"}])
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


def test_transitions_are_logged_by_the_names_of_the_seed(make_world, caplog):
    caplog.set_level("INFO", logger="guard")
    world = make_world(hold_s=0.05)
    world.memory.gate.set()
    world.memory.answer = MemoryFailure(Kind.AUTH)
    world.guard.fetch_context("t")
    world.memory.answer = Reading("facts")
    eventually(lambda: world.guard.mode is Mode.READ_WRITE)
    eventually(lambda: any("memory_mode_restored" in r.getMessage() for r in caplog.records))
    events = [record.getMessage().split()[0] for record in caplog.records]
    assert events == [
        "zep_auth_failure_auto_downgrade",
        "memory_mode_forced",
        "probe_lock_acquired",
        "memory_mode_restored",
    ]
    forced = caplog.records[1]
    assert (forced.prev_mode, forced.next_mode, forced.reason) == ("read_write", "write_only", "auth")
