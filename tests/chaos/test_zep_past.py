"""The double's memory of itself: a file, read again after `kill -9`; and a key that it takes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

KEY = {"Authorization": "Api-Key a-key"}


@pytest.fixture
def double(tmp_path):
    """Start a double on one and the same past; `kill=True` ends it as `kill -9` does."""
    running = []

    def start() -> str:
        argv = [sys.executable, "-m", "chaos.cli", "zep", "--listen", "127.0.0.1:0"]
        argv += ["--data", str(tmp_path / "past"), "--ledger", str(tmp_path / "ledger")]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "ZEP_API_KEY": "a-key"})
        running.append(process)
        return json.loads(process.stdout.readline())["listen"]

    def kill() -> None:
        running[-1].kill()
        assert running[-1].wait(5) == -signal.SIGKILL

    start.kill = kill
    yield start
    for process in running:
        process.kill()
        process.communicate()


def call(address, method, path, body=None):
    return httpx.request(method, f"http://{address}{path}", json=body, headers=KEY, trust_env=False)


def a_thread(address):
    user = call(address, "POST", "/api/v4/users", {"user_id": "ann"}).json()["uuid"]
    return call(address, "POST", "/api/v4/threads", {"user_uuid": user}).json()["uuid"]


def say(address, thread, text):
    messages = [{"role": "user", "content": text}]
    return call(address, "POST", f"/api/v4/threads/{thread}/messages", {"messages": messages})


def messages(address, thread):
    return call(address, "GET", f"/api/v4/threads/{thread}/messages").json()


def test_after_a_kill_everything_is_as_it_was(double):
    address = double()
    thread = a_thread(address)
    say(address, thread, "I live in Kars")
    before = messages(address, thread)
    for _ in range(2):  # and what happens after the first start is kept as well
        double.kill()
        address = double()
        assert messages(address, thread) == before
        assert say(address, thread, "more").status_code == 202
        before = messages(address, thread)
        assert "Kars" in json.dumps(before)


def test_a_line_that_a_kill_cut_short_was_never_answered(double, tmp_path):
    address = double()
    thread = a_thread(address)
    double.kill()
    with (tmp_path / "past").open("a") as file:
        file.write('["2026-01-01T00:00:00Z", "POST", "/api/v4/us')
    address = double()
    say(address, thread, "after")
    double.kill()
    assert "after" in json.dumps(messages(double(), thread))


def test_a_file_of_somebody_else_is_one_line_and_stays_as_it_is(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n")
    argv = [sys.executable, "-m", "chaos.cli", "zep", "--listen", "127.0.0.1:0", "--data", str(file)]
    done = subprocess.run(
        argv, capture_output=True, text=True, env={**os.environ, "ZEP_API_KEY": "k"}, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"zep-chaos zep: {file} is not a double's past: give another file\n"
    assert file.read_text() == "dear diary\n"


def test_a_rejected_key_is_zeps_own_401_until_it_is_accepted_again(zep):
    def project():
        return call(zep, "GET", "/api/v4/project").status_code

    assert call(zep, "PUT", "/_double/rejecting").json() == {"rejecting": True}
    assert (project(), call(zep, "GET", "/_double/rejecting").json()) == (401, {"rejecting": True})
    assert call(zep, "DELETE", "/_double/rejecting").json() == {"rejecting": False}
    assert project() == 200
    assert call(zep, "POST", "/_double/rejecting").status_code == 404
