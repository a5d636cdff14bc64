"""The outbox from outside: status, drain, poison and retry by both commands, and the Celery recipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest
from awaiting import eventually
from outboxes import said

from guard.outbox import Entry, payload
from guard.policy import Policy
from guard.stores.connection import connect
from guard.stores.outbox import RedisOutbox

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
NOWHERE = "http://127.0.0.1:1"
DOORS = {
    "zep-mode": [str(Path(sys.executable).parent / "zep-mode")],
    "manage.py": [sys.executable, "-m", "drills.assistant.manage", "zep_mode"],
}


@pytest.fixture
def zep_url():
    argv = [sys.executable, "-m", "chaos.cli", "zep", "--listen", "127.0.0.1:0", "--api-key", "a-key"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    try:
        yield f"http://{json.loads(process.stdout.readline())['listen']}"
    finally:
        process.terminate()
        process.communicate(timeout=5)


@pytest.fixture
def environ(redis_url):
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "GUARD_REDIS_URL": redis_url,
        "GUARD_PREFIX": f"{{{uuid.uuid4().hex}}}:",
        "ZEP_API_KEY": "a-key",
        "ZEP_BASE_URL": NOWHERE,
    }


@pytest.fixture
def box(environ):
    connections = connect(environ["GUARD_REDIS_URL"])
    yield RedisOutbox(connections.patient, Policy(outbox_limit=100), environ["GUARD_PREFIX"])
    connections.close()


@pytest.fixture(params=DOORS)
def door(request, environ):
    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        argv = [*DOORS[request.param], *words]
        return subprocess.run(argv, env={**environ, **more}, capture_output=True, text=True, check=False)

    return run


def put(box: RedisOutbox, thread: str, *texts: str) -> None:
    assert box.put(thread, [payload(Entry(thread, None, said(text), f"{thread} {text}")) for text in texts])


def stored(zep_url: str) -> list[str]:
    lines = map(json.loads, httpx.get(f"{zep_url}/_double/ledger", trust_env=False).text.splitlines())
    return [message["content"] for line in lines for message in line.get("stored", [])]


def test_status_tells_how_much_waits_and_for_how_long(door, box):
    put(box, "t", "1", "2")
    shown = json.loads(door("--status", "--json").stdout)["outbox"]
    assert shown["depth"] == 2
    assert 0 <= shown["oldest_s"] < 60
    assert "2 waiting, the oldest for" in door("--status").stdout


def test_drain_empties_the_outbox_into_zep_in_order(door, box, zep_url):
    put(box, "t", "1", "2", "3")
    done = door("--drain", ZEP_BASE_URL=zep_url)
    assert (done.returncode, done.stdout.strip()) == (0, "3 replayed, 0 set aside, the outbox is empty")
    assert stored(zep_url) == ["1", "2", "3"]
    assert "0 replayed" in door("--drain", ZEP_BASE_URL=zep_url).stdout


def test_drain_says_in_one_line_why_it_stopped(door, box):
    put(box, "t", "1", "2")
    done = door("--drain")
    assert done.returncode == 2
    assert "stopped (server): 0 replayed, about 2 still wait" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert box.look().depth == 2


def test_a_forced_off_holds_for_drain_too(door, box, zep_url):
    put(box, "t", "1")
    assert "forced off" in door("--force", "manual", "--mode", "off").stdout
    assert "stopped (off)" in door("--drain", ZEP_BASE_URL=zep_url).stderr
    assert stored(zep_url) == []


def test_poison_is_listed_and_retried_by_its_id(door, box):
    assert "nothing was set aside" in door("--poison").stdout
    put(box, "t", "1")
    box.aside(box.take("me"), "client")
    (shown,) = json.loads(door("--poison", "--json").stdout)
    assert (shown["thread_id"], shown["reason"], shown["tries"]) == ("t", "client", 1)
    assert f"{shown['id']}  t  client  1 tries" in door("--poison").stdout
    assert "nothing of that id" in door("--retry", "1-1").stdout
    mistake = door("--retry", "nonsense")
    assert (mistake.returncode, "no id of an entry" in mistake.stderr) == (2, True)
    assert "1 back in the outbox" in door("--retry", shown["id"]).stdout
    assert (box.look().depth, box.poison()) == (1, [])


def test_retry_all(door, box):
    put(box, "t", "1", "2")
    for _ in range(2):
        box.aside(box.take("me"), "client")
    assert "2 back in the outbox" in door("--retry", "all").stdout


def test_the_celery_task_of_the_examples_empties_the_outbox(environ, box, zep_url):
    celery = [sys.executable, "-m", "celery", "--app", "drain_task"]
    chosen = {**environ, "PYTHONPATH": f"{ROOT}:{EXAMPLES}", "ZEP_BASE_URL": zep_url}
    put(box, "t", "1", "2")
    worker = subprocess.Popen(
        [*celery, "worker", "--pool", "solo", "--loglevel", "ERROR"],
        env=chosen,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        subprocess.run([*celery, "call", "memory.drain"], env=chosen, check=True, capture_output=True)
        eventually(lambda: stored(zep_url) == ["1", "2"], within_s=20)
    finally:
        worker.terminate()
        _, complaints = worker.communicate(timeout=20)
    assert b"Traceback" not in complaints, complaints.decode()
