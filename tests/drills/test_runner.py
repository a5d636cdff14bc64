"""The runner against a real gateway and an application without a guard: it heals, and says what it found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from awaiting import eventually

import drills.inject
from chaos.faults import Status, Toxic
from chaos.injectors import InjectorError
from chaos.injectors.l7 import Gateway
from chaos.stack.keeper import Keeper
from drills.history import History
from drills.inject import Faults, Injectors
from drills.progress import Progress
from drills.runner import EndedError, Runner
from drills.scenario import CONTEXT_READ, ZEP, Outage
from drills.sent import operation
from drills.target import Budgets, Target
from drills.verdict import Exit

BREAK = Status(code=401, route=CONTEXT_READ)


def drill(*faults):
    return Outage(name="d", title="t", why="w", reason="auth", faults=faults)


@pytest.fixture
def gateway(chat):
    words = ["gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream", chat.base]
    process = subprocess.Popen([sys.executable, "-m", "chaos.cli", *words], stdout=subprocess.PIPE)
    with process:
        ready = json.loads(process.stdout.readline())
        process.admin = f"http://{ready['admin']}"
        process.url = f"http://{ready['listen']}"
        yield process
        process.kill()


@pytest.fixture
def keeper():
    with Keeper() as keeper:
        yield keeper
        keeper.down()  # what could not be undone is some tests' point


@pytest.fixture
def history(tmp_path):
    with History(tmp_path) as history:
        yield history


@pytest.fixture
def target(chat, gateway):
    return Target(
        name="test",
        chat_url=chat.url,
        token="t0ken",
        marker_url=f"{chat.base}/api/marker/",
        marker_value="test",
        hold_s=0.5,
        gateway_admin=gateway.admin,
        budgets=Budgets(downgrade_s=0.1, recover_s=0.1, stop_user_errors=10),
    )


@pytest.fixture
def injectors(target):
    injectors = Injectors(target)
    yield injectors
    injectors.close()


@pytest.fixture
def runner(target, injectors, keeper, history, monkeypatch):
    monkeypatch.setattr("drills.stage.PATIENCE_S", 0.2)
    monkeypatch.setattr("drills.plays.outage.PATIENCE_S", 0.2)

    def runner(say=lambda _line: None):
        return Runner(
            target=target,
            injectors=injectors,
            keeper=keeper,
            history=history,
            run_id="r",
            seed=1,
            rate=200.0,
            progress=Progress(say),
        )

    return runner


def kinds(history, *wanted):
    lines = [json.loads(line) for line in history.path.read_text().splitlines()]
    return [line["kind"] for line in lines if line["kind"] in wanted]


def in_force(gateway):
    client = Gateway(gateway.admin)
    try:
        return client.active()
    finally:
        client.close()


FAULT_KINDS = ("fault_armed", "fault_applied", "fault_healed", "heal_verified")


def test_a_guard_that_ignores_the_fault_fails_and_the_fault_is_gone(runner, chat, gateway, history):
    chat.zep_url = gateway.url
    verdict = runner().run(drill(BREAK))
    assert verdict.exit is Exit.FAIL
    assert "downgrade: none after" in verdict.sentence
    assert kinds(history, *FAULT_KINDS) == list(FAULT_KINDS)
    assert in_force(gateway) == []


def test_phases_are_told_in_order(runner, chat, gateway):
    told = []
    runner(told.append).run(drill(BREAK))
    assert [line.split()[1] for line in told] == ["marker", "steady", "inject", "heal"]


def test_a_fault_that_hits_nothing_is_inconclusive(runner):
    verdict = runner().run(drill(BREAK))
    assert verdict.exit is Exit.INCONCLUSIVE
    assert "hit no request" in verdict.sentence


def test_a_missing_injector_is_inconclusive_by_name(runner):
    verdict = runner().run(drill(Toxic(proxy=ZEP, type="timeout")))
    assert verdict.exit is Exit.INCONCLUSIVE
    assert "target test has no Toxiproxy" in verdict.sentence


def test_nothing_is_broken_where_the_marker_is_missing(runner, chat, history):
    chat.marker = "production"
    with pytest.raises(EndedError, match="not the marker 'test'") as ended:
        runner().run(drill(BREAK))
    assert ended.value.verdict.exit is Exit.INCONCLUSIVE
    assert kinds(history, "fault_armed", "request") == []


def test_without_a_steady_state_nothing_is_broken(runner, chat, history, monkeypatch):
    monkeypatch.setattr("drills.stage.STEADY_WITHIN_S", 0.3)
    chat.stalled = True
    try:
        verdict = runner().run(drill(BREAK))
    finally:
        chat.stalled = False
    assert verdict.exit is Exit.INCONCLUSIVE
    assert kinds(history, "fault_armed") == []


def test_users_in_trouble_stop_the_drill_and_heal_it(runner, chat, gateway, history):
    def break_the_application(line):
        chat.status = 500 if " inject " in line else chat.status

    verdict = runner(break_the_application).run(drill(BREAK))
    assert verdict.exit is Exit.STOPPED
    assert "more than the 10" in verdict.sentence
    assert kinds(history, *FAULT_KINDS) == list(FAULT_KINDS)
    assert in_force(gateway) == []


def test_users_who_wait_too_long_stop_the_drill_and_heal_it(runner, chat, gateway, history):
    def slow_the_application(line):
        chat.delay_s = 0.15 if " inject " in line else chat.delay_s

    made = runner(slow_the_application)
    budgets = replace(made.target.budgets, stop_p95_ms=100.0)
    verdict = replace(made, target=replace(made.target, budgets=budgets)).run(drill(BREAK))
    assert verdict.exit is Exit.STOPPED
    assert "p95 of the latest answers is beyond 100 ms" in verdict.sentence
    assert kinds(history, *FAULT_KINDS) == list(FAULT_KINDS)
    assert in_force(gateway) == []


def test_a_wrong_token_is_told_as_such_and_nothing_is_broken(runner, chat, gateway, history):
    chat.status = 401
    verdict = runner().run(drill(BREAK))
    assert verdict.exit is Exit.INCONCLUSIVE
    assert "chat answers 401: is the target's bearer token right?" in verdict.sentence
    assert kinds(history, *FAULT_KINDS) == []


def test_an_interruption_heals_on_its_way_out(runner, gateway, history):
    def interrupt(line):
        if " heal " in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner(interrupt).run(drill(BREAK))
    assert kinds(history, *FAULT_KINDS) == list(FAULT_KINDS)
    assert in_force(gateway) == []


def test_a_heal_that_cannot_be_seen_stays_armed_and_is_its_own_verdict(runner, gateway, keeper):
    def lose_the_gateway(line):
        if " heal " in line:
            gateway.kill()
            gateway.wait()

    verdict = runner(lose_the_gateway).run(drill(BREAK))
    assert verdict.exit is Exit.NOT_UNDONE
    assert any("drill-r-d-1" in line for line in keeper.down())


def test_a_heal_that_was_said_but_not_done_is_found_out(runner, injectors, gateway, monkeypatch):
    monkeypatch.setattr(type(injectors), "heal", lambda *_: None)
    assert runner().run(drill(BREAK)).exit is Exit.NOT_UNDONE
    assert in_force(gateway) == ["drill-r-d-1"]


def test_what_was_seen_to_heal_is_not_undone_twice(runner, gateway, keeper):
    runner().run(drill(BREAK))
    gateway.kill()
    gateway.wait()
    assert keeper.down() == []


def test_what_a_dead_drill_left_is_swept_and_nothing_else(runner, gateway, history):
    client = Gateway(gateway.admin)
    for name in ("drill-old-d-1", "by-hand"):
        client.apply(name, Status(code=503, route="GET /nowhere"), lease_s=60)
    client.close()
    runner().run(drill())
    assert in_force(gateway) == ["by-hand"]
    assert "healed drill-old-d-1" in history.path.read_text()


def test_a_gateway_that_is_gone_ends_the_run(runner, gateway):
    gateway.kill()
    gateway.wait()
    with pytest.raises(EndedError, match="does not answer"):
        runner().run(drill(BREAK))


def test_the_token_is_nowhere_in_the_journal(runner, chat, gateway, history):
    chat.zep_url = gateway.url
    runner().run(drill(BREAK))
    assert "Bearer t0ken" in chat.tokens
    assert "t0ken" not in history.path.read_text()


def test_faults_live_as_long_as_they_are_renewed(injectors, keeper, history, gateway, monkeypatch):
    monkeypatch.setattr(drills.inject, "LEASE_S", 0.3)
    monkeypatch.setattr(drills.inject, "RENEW_EVERY_S", 0.1)
    with Faults(injectors, keeper, history, "d", "r") as faults:
        faults.apply(BREAK)
        with pytest.raises(AssertionError):
            eventually(lambda: in_force(gateway) == [], within_s=0.8)
        os.kill(gateway.pid, signal.SIGKILL)
        eventually(lambda: faults.trouble)
        assert isinstance(faults.trouble, InjectorError)


def test_a_fault_nobody_renews_heals_itself(injectors, keeper, history, gateway, monkeypatch):
    monkeypatch.setattr(drills.inject, "LEASE_S", 0.3)
    faults = Faults(injectors, keeper, history, "d", "r")
    faults.apply(BREAK)
    eventually(lambda: in_force(gateway) == [])
    assert faults.heal() == []


@pytest.mark.parametrize(
    ("method", "path", "op"),
    [
        ("GET", "/api/v4/threads/1/context", "read"),
        ("GET", "/api/v2/threads/1/context?mode=summary", "read"),
        ("POST", "/api/v4/threads/1/messages", "write"),
        ("GET", "/api/v4/threads/1/messages", "other"),
        ("POST", "/api/v4/users", "other"),
    ],
)
def test_operations_are_told_by_their_route(method, path, op):
    assert operation(method, path) == op


def test_an_interruption_while_the_keeper_arms_heals_too(runner, keeper, gateway, monkeypatch):
    def interrupted(key, undo):
        Keeper.arm(keeper, key, undo)
        raise KeyboardInterrupt

    monkeypatch.setattr(keeper, "arm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner().run(drill(BREAK))
    gateway.kill()  # what is still armed could not be undone any more
    gateway.wait()
    assert keeper.down() == []
