"""The keeper with real processes: whatever ends its parent, nothing is left after 2 s."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chaos.faults import Down, Toxic
from chaos.injectors.l4 import L4
from chaos.stack import undo
from chaos.stack.keeper import Keeper, KeeperError

GONE_WITHIN_S = 2.0
WAIT_S = 5.0
HOLD = Toxic(proxy="p", type="timeout", attributes={"timeout": 0})

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""
PARENT = """
import json, sys, time
from pathlib import Path
from chaos.faults import Toxic
from chaos.injectors.l4 import L4
from chaos.stack import undo
from chaos.stack.keeper import Keeper

url, folder, stubborn = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
folder.mkdir()
hold = Toxic(proxy="p", type="timeout", attributes={"timeout": 0})
with Keeper() as keeper:
    keeper.arm("folder", undo.tree(folder))
    keeper.spawn(name="stubborn", argv=[sys.executable, "-c", stubborn], log=folder / "stubborn.log")
    keeper.spawn(name="web", argv=[sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0"],
                 log=folder / "web.log", env={"PYTHONUNBUFFERED": "1"})
    for number in range(int(sys.argv[5])):
        keeper.arm(f"mute-{number}", undo.l7_fault(sys.argv[4], f"drill-{number}"))
    keeper.arm("drill-1", undo.l4_fault(url, "drill-1", hold))
    L4(url).apply("drill-1", hold)
    print(json.dumps({"keeper": keeper.pid}), flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def url():
    command = [sys.executable, "-m", "chaos.toxiproxy.server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        yield "http://" + json.loads(process.stdout.readline())["listen"]
        process.terminate()


@pytest.fixture
def l4(url):
    l4 = L4(url)
    l4.create("p", "127.0.0.1:9")
    yield l4
    l4.remove("p")


@pytest.fixture
def mute():
    """The address of an injector that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def keeper():
    with Keeper() as keeper:
        yield keeper


def until(condition, wait_s=WAIT_S):
    deadline = time.monotonic() + wait_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


def lives(pid):
    """A zombie that nobody collected yet counts as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc/self").exists()


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False


def pids_in(log):
    return until(lambda: log.exists() and [int(word) for word in log.read_text().split()])


# whatever ends the parent


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_when_the_parent_is_killed_nothing_is_left(l4, mute, tmp_path, signum):
    folder = tmp_path / "run"
    mutes = 6 if signum == signal.SIGKILL else 0  # more of them than the budget has room for
    script = [sys.executable, "-c", PARENT, l4.url, str(folder), STUBBORN, mute, str(mutes)]
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        pids = [*pids_in(folder / "stubborn.log"), json.loads(parent.stdout.readline())["keeper"]]
        web_log = folder / "web.log"
        port = int(until(lambda: web_log.read_text().partition(" port ")[2].split(" ")[0]))
        assert answers(port)
        assert l4.active() == ["drill-1"]
        assert all(lives(pid) for pid in pids)

        parent.send_signal(signum)
        begun = time.monotonic()
        until(lambda: not any(lives(pid) for pid in pids), GONE_WITHIN_S)
        assert l4.active() == []
        assert not answers(port)
        assert not folder.exists()
        assert time.monotonic() - begun < GONE_WITHIN_S


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs PR_SET_PDEATHSIG")
def test_killing_the_keeper_ends_its_children(tmp_path):
    with Keeper() as keeper:
        pid = keeper.spawn(name="sleep", argv=SLEEP, log=tmp_path / "log")
        os.kill(keeper.pid, signal.SIGKILL)
        until(lambda: not lives(pid), GONE_WITHIN_S)
        with pytest.raises(KeeperError, match="the keeper process is gone"):
            keeper.poll("sleep")
        assert keeper.down() == ["the keeper process is gone"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP])
def test_the_keeper_takes_the_terminals_signals_for_noise(keeper, tmp_path, signum):
    os.kill(keeper.pid, signum)
    pid = keeper.spawn(name="sleep", argv=SLEEP, log=tmp_path / "log")
    assert lives(pid)


def test_sigterm_to_the_keeper_undoes_everything(keeper, l4, tmp_path):
    pid = keeper.spawn(name="sleep", argv=SLEEP, log=tmp_path / "log")
    keeper.arm("drill-1", undo.l4_fault(l4.url, "drill-1", HOLD))
    l4.apply("drill-1", HOLD)
    os.kill(keeper.pid, signal.SIGTERM)
    until(lambda: not lives(keeper.pid) and not lives(pid), GONE_WITHIN_S)
    assert l4.active() == []
    assert keeper.down() == ["the keeper process is gone"]


# children


def test_spawn_passes_env_folder_and_output(keeper, tmp_path, monkeypatch):
    monkeypatch.setenv("INHERITED", "one")
    script = "import os; print(os.environ['INHERITED'], os.environ['OWN'], os.getcwd())"
    log = tmp_path / "log"
    keeper.spawn(name="env", argv=[sys.executable, "-c", script], log=log, env={"OWN": "two"}, cwd=tmp_path)
    assert until(lambda: keeper.poll("env") is not None)
    assert log.read_text().split() == ["one", "two", str(tmp_path)]


def test_children_get_the_usual_signals(keeper, tmp_path):
    """A handler that ignores would be inherited, and nothing would end on Ctrl-C."""
    keeper.spawn(name="sleep", argv=["sleep", "60"], log=tmp_path / "log")
    keeper.signal("sleep", signal.SIGINT)
    assert until(lambda: keeper.poll("sleep")) == -signal.SIGINT


def test_a_child_has_a_session_of_its_own(keeper, tmp_path):
    pid = keeper.spawn(name="sleep", argv=SLEEP, log=tmp_path / "log")
    assert os.getsid(pid) == pid
    assert os.getsid(keeper.pid) == keeper.pid


def test_stop_ends_the_whole_group_even_one_that_will_not(keeper, tmp_path):
    log = tmp_path / "log"
    keeper.spawn(name="stubborn", argv=[sys.executable, "-c", STUBBORN], log=log)
    pids = pids_in(log)
    keeper.stop("stubborn")
    until(lambda: not any(lives(pid) for pid in pids), 1.0)


def test_stop_ends_a_paused_child_gently(keeper, tmp_path):
    keeper.spawn(name="sleep", argv=SLEEP, log=tmp_path / "log")
    keeper.signal("sleep", signal.SIGSTOP)
    begun = time.monotonic()
    keeper.stop("sleep")
    assert time.monotonic() - begun < 0.5


def test_a_name_can_be_used_again_once_its_process_ended(keeper, tmp_path):
    keeper.spawn(name="one", argv=["true"], log=tmp_path / "log")
    until(lambda: keeper.poll("one") == 0)
    keeper.spawn(name="one", argv=SLEEP, log=tmp_path / "log")
    with pytest.raises(KeeperError, match="one is already running"):
        keeper.spawn(name="one", argv=SLEEP, log=tmp_path / "log")


def test_what_cannot_be_started_is_one_line(keeper, tmp_path):
    with pytest.raises(KeeperError, match=r"spawn: .*no-such-command"):
        keeper.spawn(name="x", argv=["no-such-command"], log=tmp_path / "log")
    with pytest.raises(KeeperError, match="stop: nothing known by the name 'x'"):
        keeper.stop("x")


def test_many_threads_ask_at_once(keeper, tmp_path):
    keeper.spawn(name="sleep", argv=SLEEP, log=tmp_path / "log")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.extend(keeper.poll("sleep") for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert answers == [None] * 200


# undo


def test_down_heals_newest_first_then_ends_the_children_then_removes_folders(l4, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with Keeper() as keeper:
        keeper.arm("folder", undo.tree(folder))
        pid = keeper.spawn(name="sleep", argv=SLEEP, log=folder / "log")
        keeper.arm("drill-1", undo.l4_fault(l4.url, "drill-1", HOLD))
        keeper.arm("drill-2", undo.l4_fault(l4.url, "drill-2", Down(proxy="p")))
        l4.apply("drill-1", HOLD)
        l4.apply("drill-2", Down(proxy="p"))
        assert keeper.down() == []
    assert (l4.active(), lives(pid), folder.exists()) == ([], False, False)


class Recorder(BaseHTTPRequestHandler):
    """An injector's admin API that remembers what it was asked to delete."""

    def do_DELETE(self):
        self.server.deleted.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def recorder():
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        server.deleted = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_newest_fault_is_healed_first(recorder):
    with Keeper() as keeper:
        for name in ("one", "two", "three"):
            keeper.arm(name, undo.l7_fault(f"http://127.0.0.1:{recorder.server_port}", name))
    assert recorder.deleted == ["/faults/three", "/faults/two", "/faults/one"]


def test_a_proxy_on_a_toxiproxy_of_others_is_removed(l4):
    with Keeper() as keeper:
        keeper.arm("proxy", undo.l4_proxy(l4.url, "zep-1"))
        l4.create("zep-1", "127.0.0.1:9")
    with pytest.raises(Exception, match="proxy not found"):
        l4.learn("zep-1")


def test_what_is_disarmed_stays(l4, tmp_path):
    l4.apply("drill-1", HOLD)
    with Keeper() as keeper:
        keeper.arm("folder", undo.tree(tmp_path))
        keeper.arm("drill-1", undo.l4_fault(l4.url, "drill-1", HOLD))
        for key in ("folder", "drill-1", "never armed"):
            keeper.disarm(key)
    assert l4.active() == ["drill-1"]
    assert tmp_path.exists()


def test_what_cannot_be_undone_is_named(mute):
    keeper = Keeper()
    with pytest.raises(KeeperError, match=rf"not undone: drill-9: [^\n]*{re.escape(mute)}"), keeper:
        keeper.arm("drill-9", undo.l7_fault(mute, "drill-9"))


def test_a_folder_put_in_place_of_the_armed_one_is_not_removed(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with Keeper() as keeper:
        keeper.arm("folder", undo.tree(folder))
        folder.rename(tmp_path / "moved")
        folder.mkdir()
        failures = keeper.down()
    assert "no longer the folder" in failures[0]
    assert folder.exists()


def test_a_folder_inside_another_one_does_not_hinder_it(tmp_path):
    """Side by side, the removal of the outer one met files that vanished under it, and left the rest."""
    outer = tmp_path / "run"
    inner = outer / "stack"
    inner.mkdir(parents=True)
    for n in range(2000):
        (inner / str(n)).touch()
    with Keeper() as keeper:
        keeper.arm("outer", undo.tree(outer))
        keeper.arm("inner", undo.tree(inner))
        assert keeper.down() == []
    assert not outer.exists()


@pytest.mark.parametrize(
    "data", [{"tree": "/"}, {"tree": "relative"}, {"tree": "/no/such/folder"}, {}, {"l4": "x"}]
)
def test_an_undo_that_means_nothing_is_refused(keeper, data):
    with pytest.raises(KeeperError, match=r"^arm: "):
        keeper.arm("key", data)


def test_a_link_to_a_folder_is_refused(keeper, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(KeeperError, match="is not a folder"):
        keeper.arm("key", undo.tree(link))


def test_arming_fails_when_the_proxy_cannot_be_asked(keeper, l4):
    """What could not be undone must not be done."""
    with pytest.raises(KeeperError, match="proxy not found"):
        keeper.arm("drill-1", undo.l4_fault(l4.url, "drill-1", Down(proxy="none")))


def test_a_keeper_outside_its_context():
    with pytest.raises(KeeperError, match="use it as a context manager"):
        Keeper().poll("x")
    assert Keeper().down() == []
