"""Locust by hand: exit codes, buckets, and several processes that load together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from awaiting import eventually
from ports import free_port

from drills import load
from drills.load.schedule import TOKEN_ENV

FILE = Path(load.__file__).with_name("locustfile.py")
WITHIN_S = 30


@pytest.fixture
def locust(chat):
    started = []

    def locust(*words, host=chat.base):
        argv = [sys.executable, "-m", "locust", "--locustfile", str(FILE), "--headless", "--only-summary"]
        process = subprocess.Popen(
            [*argv, "--host", host, *words],
            env={**os.environ, TOKEN_ENV: "t0ken"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield locust
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def path(chat):
    return ["--path", chat.url.removeprefix(chat.base)]


def test_within_the_budgets_it_exits_with_0_and_leaves_its_buckets(locust, path, chat, tmp_path):
    file = tmp_path / "buckets.ndjson"
    process = locust(*path, "--rate", "20", "--for", "4", "--budget-p95-ms", "500", "--buckets", str(file))
    _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, told
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert sum(line["n"] for line in lines) == len(chat.bodies) > 60
    assert len(lines) > 10
    assert chat.tokens == {"Bearer t0ken"}


@pytest.mark.parametrize(
    ("status", "words", "code", "why"),
    [
        (500, [], 1, "answers were errors, allowed are 0"),
        (200, ["--budget-p95-ms", "0.1"], 1, "failed: p95 of"),
        (500, ["--budget-errors", "1000"], 0, ""),
        (200, ["--rate", "0"], 11, "inconclusive: 0 of 0 requests"),
    ],
    ids=["errors", "p95", "errors that are allowed", "nothing sent"],
)
def test_budgets_decide_the_exit_code(locust, chat, status, *, words, code, why):
    chat.status = status
    process = locust("--path", chat.url.removeprefix(chat.base), "--rate", "20", "--for", "2", *words)
    _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == code, told
    assert why in told


def test_sigterm_ends_it_with_its_verdict(locust, path, chat):
    process = locust(*path, "--rate", "20", "--for", "60", "--budget-p95-ms", "0.1")
    eventually(lambda: len(chat.bodies) > 5, within_s=10)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 1
    assert "failed: p95 of" in told


def test_several_processes_load_together_and_the_master_judges(locust, path, chat, tmp_path):
    port, file = str(free_port()), tmp_path / "buckets.ndjson"
    asked = ["--rate", "20", "--for", "5", "--buckets", str(file), "--budget-errors", "3"]
    master = locust(
        *path, *asked, "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port,
        "--expect-workers", "2",
    )  # fmt: skip
    for _ in range(2):
        locust("--worker", "--master-port", port)
    _, told = master.communicate(timeout=WITHIN_S)
    assert master.returncode == 0, told
    counted = sum(json.loads(line)["n"] for line in file.read_text().splitlines())
    assert counted == len(chat.bodies) > 60
