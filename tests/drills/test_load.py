"""Open-loop load as a process, against a real server that can stall."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from awaiting import eventually

from drills.load.process import Load, LoadPlan
from drills.load.schedule import TOKEN_ENV, turns

ENGINES = ["open_loop", "locust"]


def plan(chat, **changes):
    fields = {
        "url": chat.url,
        "token": "t0ken",
        "t0": time.monotonic(),
        "prefix": "p",
        "seed": 3,
        "rate": 100.0,
    }
    return LoadPlan(**{**fields, **changes})


def finished(plan):
    """All lines of a load that ends by itself."""
    lines = []
    with Load(plan, lines.append) as load:
        eventually(lambda: load.ended, within_s=10)
    return lines[:-1], lines[-1]


def test_the_same_seed_gives_the_same_conversation():
    def schedule(seed):
        return list(turns(rate=50, for_s=1, threads=5, prefix="p", seed=seed))

    assert schedule(1) == schedule(1) != schedule(2)
    assert len(schedule(1)) == 50
    assert {turn.thread_id for turn in schedule(1)} <= {f"p-{n}" for n in range(5)}
    assert all(abs(b.at_s - a.at_s - 0.02) < 1e-9 for a, b in pairwise(schedule(1)))


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_are_the_journal_s_requests(chat, engine):
    requests, summary = finished(plan(chat, for_s=0.6, engine=engine))
    assert len(requests) == len(chat.bodies) == summary["intended"] == summary["sent"] > 20
    line = requests[0]
    assert {
        k: line[k] for k in ("kind", "status", "worker", "mode", "source", "used", "reason", "error")
    } == {
        "kind": "request",
        "status": 200,
        "worker": "7",
        "mode": "read_write",
        "source": "zep",
        "used": True,
        "reason": None,
        "error": None,
    }
    assert line["ms"] > 0
    assert summary["kind"] == "load"
    assert summary["slip_ms"] < 100


@pytest.mark.parametrize("engine", ENGINES)
def test_it_keeps_asking_while_the_server_stalls_and_counts_from_the_intended_start(chat, engine):
    """Coordinated omission: a closed loop would ask once, and show one slow answer."""
    chat.stalled = True
    lines = []
    with Load(plan(chat, for_s=5.0, engine=engine), lines.append):
        eventually(lambda: len(chat.bodies) >= 60)
        chat.stalled = False
        eventually(lambda: len(lines) >= 60)
    slow = [line["ms"] for line in lines if line["kind"] == "request"][:60]
    assert max(slow) > 500
    assert sum(ms > 250 for ms in slow) >= 20, "the stall shows in many answers, not in one"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_token_travels_by_environment_only(chat, engine):
    wanted = plan(chat, for_s=0.6, engine=engine)
    assert "t0ken" not in " ".join(wanted.argv())
    finished(wanted)
    assert chat.tokens == {"Bearer t0ken"}


@pytest.mark.parametrize("engine", ENGINES)
def test_it_ends_with_its_parent(chat, engine):
    environ = {**os.environ, TOKEN_ENV: "x"}
    load = subprocess.Popen(
        plan(chat, for_s=60.0, engine=engine).argv(),
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        eventually(lambda: chat.bodies)
        out, _ = load.communicate(timeout=5)  # closes stdin, as the death of a parent does
    finally:
        load.kill()
        load.wait()
    assert json.loads(out.splitlines()[-1])["kind"] == "load"


@pytest.mark.parametrize(
    ("engine", "error"), [("open_loop", "ClientConnectorError"), ("locust", "ConnectionRefusedError")]
)
def test_errors_and_odd_answers_are_lines_too(chat, engine, error):
    chat.status = 502
    requests, _ = finished(plan(chat, for_s=0.6, engine=engine))
    assert {line["status"] for line in requests} == {502}
    nobody = plan(chat, for_s=0.6, url="http://127.0.0.1:9/", engine=engine)
    requests, summary = finished(nobody)
    assert {(line["status"], line["error"]) for line in requests} == {(None, error)}
    assert summary["sent"] == len(requests) > 20, "an unanswered request was sent all the same"


@pytest.mark.parametrize("engine", ENGINES)
def test_leaving_the_context_stops_it_at_once(chat, engine):
    lines = []
    with Load(plan(chat, for_s=60.0, engine=engine), lines.append):
        eventually(lambda: len(lines) > 5)
    assert lines[-1]["kind"] == "load"


def test_help_shows_an_example():
    shown = subprocess.run(
        [sys.executable, "-m", "drills.load.open_loop", "--help"], capture_output=True, text=True, check=True
    )
    assert "example:" in shown.stdout
