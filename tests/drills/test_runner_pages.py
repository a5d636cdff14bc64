"""The runner and a real pager: who was paged is in the journal, and nothing is broken behind an open page."""

# ruff: noqa: F401, F811 - the fixtures are those of the runner, found by their names

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from chaos.stack.alerting import PAGER, missing
from chaos.stack.readiness import launch
from drills.catalog import drills as catalog
from drills.rehearsal import unfit
from drills.runner import EndedError
from drills.scenario import Pages
from drills.verdict import Exit

from .test_runner import (
    BREAK,
    drill,
    gateway,
    history,
    in_force,
    injectors,
    keeper,
    kinds,
    runner,
    target,
)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("drills.stage.QUIET_WITHIN_S", 0.2)


@pytest.fixture
def reading(chat, gateway):
    chat.zep_url = gateway.url


@pytest.fixture
def pager(tmp_path, keeper):
    words = [*PAGER, "--listen", "127.0.0.1:0"]
    return f"http://{launch(keeper, 'pager', words, tmp_path).ready_line()['listen']}"


def enqueue(pager, action):
    payload = {"summary": "s", "source": "s", "severity": "critical", "class": "Old"}
    event = {"routing_key": "k" * 32, "event_action": action, "dedup_key": "old", "payload": payload}
    assert httpx.post(f"{pager}/v2/enqueue", json=event, trust_env=False).status_code == 202


def paging(drill):
    return replace(drill, pages=Pages(alert="New", within_s=0.1))


def test_a_target_without_a_pager_is_inconclusive_by_name(runner):
    verdict = runner().run(paging(drill(BREAK)))
    assert verdict.exit is Exit.INCONCLUSIVE
    assert "target test has no pager ([alerts] pager_log_url)" in verdict.sentence


@pytest.mark.usefixtures("impatient", "reading")
def test_nothing_is_broken_while_an_earlier_page_is_open(runner, pager, history):
    watched = replace(runner(), target=replace(runner().target, pager_log_url=f"{pager}/log"))
    enqueue(pager, "trigger")
    assert watched.run(paging(drill(BREAK))).exit is Exit.INCONCLUSIVE
    assert kinds(history, "fault_armed", "alert") == []
    assert "a page is open before anything is broken" in history.path.read_text()
    enqueue(pager, "resolve")
    watched.run(paging(drill(BREAK)))
    assert kinds(history, "fault_armed") == ["fault_armed"]
    assert kinds(history, "alert") == [], "what was told before belongs to no drill"


def test_pages_of_a_drill_that_was_cut_short_are_in_the_journal(runner, chat, gateway, pager, history):
    chat.zep_url = gateway.url
    made = runner(lambda line: enqueue(pager, "trigger") if "inject" in line else None)
    made = replace(made, target=replace(made.target, pager_log_url=f"{pager}/log"))
    asked = iter([False] * 20)
    made = replace(made, interrupted=lambda: bool(kinds(history, "fault_applied")) and next(asked, True))
    with pytest.raises(KeyboardInterrupt):
        made.run(paging(drill(BREAK)))
    assert kinds(history, "alert") == ["alert"]


def test_a_pager_that_is_gone_ends_the_run_in_one_line(runner, chat, gateway, keeper, pager):
    chat.zep_url = gateway.url
    keeper.stop("pager")
    watched = replace(runner(), target=replace(runner().target, pager_log_url=f"{pager}/log"))
    with pytest.raises(EndedError, match="no pager's log at"):
        watched.run(paging(drill(BREAK)))
    assert in_force(gateway) == []


def test_where_prometheus_is_missing_the_drills_of_alerts_are_skipped_and_say_what_to_install(monkeypatch):
    if not missing():
        assert not any(unfit("local", drill) for drill in catalog().values() if drill.variant == "paged")
    monkeypatch.setenv("PATH", "/nowhere")
    skipped = {name: why for name, drill in catalog().items() if "paged" in (why := unfit("local", drill))}
    assert set(skipped) == {"alert_auth", "alert_healthy", "alert_stuck"}
    assert all("apt-get install prometheus prometheus-alertmanager" in why for why in skipped.values())
