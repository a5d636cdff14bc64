"""What a drill that goes wrong exits with, and that nothing stays broken.

The cases are those of Chaos Toolkit 1.19, measured: a steady state that is not met, an action that raises or
gets a 404 and a rollback that raises all exit 0 there; a deviation, a bad file and an interruption exit 1
alike; SIGHUP and SIGKILL (and by default SIGINT and SIGTERM) leave the fault in place.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from awaiting import eventually
from pytest_run import PytestRun

TOKEN, TOKEN_ENV = "t0ken-of-the-cases", "CASES_TOKEN"
TARGET = """
[target]
name = "cases"
chat_url = "{base}/api/chat/"
token_env = "{token_env}"
marker_url = "{base}/api/marker/"
marker_value = "test"
[mode]
command = ["sh", "{command}"]
[faults]
gateway_admin = "{gateway}"
toxiproxy_url = "{toxiproxy}"
[timing]
hold_s = 0.5
[budgets]
downgrade_s = {downgrade_s}
stop_user_errors = 5
"""
COMMAND = """
cd "$(dirname "$0")"
for refusal in refuse"$1"-*; do
    if [ -e "$refusal" ]; then rm "$refusal"; echo "no: Bearer $CASES_TOKEN" >&2; exit 1; fi
done
case "$1" in
--force) touch forced ;;
--clear) rm -f forced ;;
--status) if [ -e forced ]; then echo '{"forced": {"mode": "off"}}'; else echo '{"forced": null}'; fi ;;
esac
"""
"""An operations command that refuses once for each file `refuse--VERB-N`, and tells a secret then."""
OWN = """
import signal
import pytest
from chaos.faults import Status, Toxic
from drills.scenario import CONTEXT_READ, ZEP, Break, Dialogue, Forced, Outage, Say

def outage(*faults):
    return Outage(name="own", title="t", why="w", reason="manual", faults=faults)

class Lost:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGUSR1, lambda *_: Lost())
DRILL = {drill}

@pytest.mark.drill
@pytest.mark.parametrize("verdict", [DRILL], indirect=True, ids=["own"])
def test_own(verdict):
    assert verdict.passed, verdict.sentence
"""
READS_FAIL = "Status(route=CONTEXT_READ)"
LINK_IS_SLOW = 'Toxic(proxy=ZEP, type="latency", attributes={"latency": 5})'
DEVIATION = (
    'Dialogue(name="own", title="t", why="w", script='
    f'(Break(fault={READS_FAIL}), Say(text="hello", check="memory_is_gone", used=False)))'
)
FORCED = "outage(Forced())"
TINY = 'Dialogue(name="own", title="t", why="w", script=(Say(text="hello", check="answered"),))'

pytestmark = pytest.mark.stack


@dataclass
class Server:
    """One of our own servers as a process."""

    process: subprocess.Popen[str]
    ready: dict[str, str]


@pytest.fixture
def served():
    """Start servers; they end with the test, whatever becomes of it."""
    started = []

    def served(*words):
        argv = [sys.executable, "-m", "chaos.cli", *words]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        return Server(started[-1], json.loads(started[-1].stdout.readline()))

    try:
        yield served
    finally:
        for process in started:
            process.kill()
            process.communicate()


@dataclass
class Ground:
    """A chat without a guard, its injectors, and `pytest -m drill` in front of them."""

    folder: Path
    gateway: str
    toxiproxy: str
    base: str
    run: PytestRun

    def start(self, drill, *words, downgrade_s=0.2, old="", new=""):
        text = TARGET.format(
            base=self.base,
            token_env=TOKEN_ENV,
            command=self.folder / "command.sh",
            gateway=self.gateway,
            toxiproxy=self.toxiproxy,
            downgrade_s=downgrade_s,
        )
        (self.folder / "target.toml").write_text(text.replace(old, new) if old else text)
        (self.folder / "test_own.py").write_text(OWN.replace("{drill}", drill))
        remote = ["--stack", "remote", "--target", str(self.folder / "target.toml")]
        return self.run.start("-p", "drills.plugin", str(self.folder / "test_own.py"), *remote, *words)

    def ended(self, drill, **bent):
        """Run to the end; returns the exit code and what was told."""
        process = self.start(drill, "--junitxml", str(self.run.out / "junit.xml"), **bent)
        told, _ = process.communicate(timeout=60)
        return process.returncode, told

    def broken(self):
        """Return what is in force, asked of the injectors themselves."""
        faults = [fault["kind"] for fault in get(f"{self.gateway}/faults")]
        toxics = [toxic["type"] for toxic in get(f"{self.toxiproxy}/proxies/zep")["toxics"]]
        return faults + toxics + [found.name for found in self.folder.glob("forced")]

    def artefacts(self):
        """Return what the run left, by name."""
        files = (path for path in self.run.out.rglob("*") if path.is_file())
        return {path.name: path.read_text(errors="replace") for path in files}


def get(url):
    with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own servers
        return json.load(answer)


@pytest.fixture
def ground(chat, served, tmp_path):
    gateway = served("gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream", chat.base)
    toxiproxy = f"http://{served('toxiproxy', '--port', '0').ready['listen']}"
    proxy = {"name": "zep", "listen": "127.0.0.1:0", "upstream": gateway.ready["listen"]}
    made = httpx.post(f"{toxiproxy}/proxies", json=proxy, trust_env=False).raise_for_status()
    chat.zep_url = f"http://{made.json()['listen']}"
    (tmp_path / "command.sh").write_text(COMMAND)
    environ = {TOKEN_ENV: TOKEN, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other plugins take 1 s to load
    run = PytestRun(tmp_path / "out", environ)
    ground = Ground(tmp_path, f"http://{gateway.ready['admin']}", toxiproxy, chat.base, run)
    assert ground.broken() == []
    yield ground
    assert ground.broken() == []
    assert run.left() == []
    assert [name for name, text in ground.artefacts().items() if TOKEN in text] == []


@dataclass(frozen=True)
class Case:
    """One way to go wrong; `refusals` are files for COMMAND, `old` and `new` bend the target file."""

    drill: str
    code: int
    complaint: str
    refusals: tuple[str, ...] = ()
    old: str = ""
    new: str = ""


CASES = {
    "nothing wrong": Case(TINY, 0, "own passed"),
    "a deviation": Case(DEVIATION, 1, "memory_is_gone: used is True instead of False"),
    "a bad file": Case(TINY, 4, "[tming] is not a section", old="[timing]", new="[tming]"),
    "an action that raises": Case(FORCED, 11, "the operations command: no: ", ("refuse--force-1",)),
    "an action that gets a 404": Case(
        f"outage({LINK_IS_SLOW})", 11, "nowhere", old="[timing]", new='zep_proxy = "nowhere"\n[timing]'
    ),
    "a rollback that raises": Case(FORCED, 14, "undo_verified", ("refuse--clear-1", "refuse--clear-2")),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_each_way_to_go_wrong_has_an_exit_code_and_leaves_nothing(ground, case):
    for refusal in case.refusals:
        (ground.folder / refusal).touch()
    code, told = ground.ended(case.drill, old=case.old, new=case.new)
    assert code == case.code, told
    assert case.complaint in told
    assert TOKEN not in told
    assert "Traceback" not in told
    assert list(ground.folder.glob("refuse-*")) == [], "it was refused as often as meant"
    if case.code != 4:
        assert {"journal.ndjson", "index.html", "junit.xml"} <= ground.artefacts().keys()


def test_a_steady_state_that_is_not_met_is_inconclusive_and_nothing_is_broken(ground, chat):
    chat.status = 500
    ended, told = ground.ended(f"outage({READS_FAIL})")
    assert ended == 11, told
    assert "own is inconclusive: steady_state" in told
    assert '"kind":"fault_armed"' not in ground.run.journal()


@pytest.mark.parametrize(
    "signum",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGUSR1],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "SIGINT in a finaliser, where Python loses it"],
)
def test_interrupted_in_mid_fault_it_says_so_and_the_faults_are_gone(ground, signum):
    process = ground.start(f"outage({READS_FAIL}, {LINK_IS_SLOW})", downgrade_s=60)
    try:
        assert any(re.search(r"own +inject", line) for line in process.stdout)
        eventually(lambda: sorted(ground.broken()) == ["latency", "status"])
        process.send_signal(signum)
        process.communicate(timeout=7)
        if signum != signal.SIGKILL:
            assert ground.broken() == [], "who could still heal has healed"
        eventually(lambda: ground.broken() + ground.run.left() == [], within_s=2)
    finally:
        process.kill()
        process.communicate()
    healed = ground.run.journal().count('"kind":"heal_verified"')
    assert (process.returncode, healed) == ((-signum, 0) if signum == signal.SIGKILL else (130, 2))


def test_what_a_drill_costs_beside_itself(ground, chat, record_property, capsys):
    began = time.monotonic()
    process = ground.start(TINY)
    process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    took_s, peak_mb = time.monotonic() - began, used.ru_maxrss / 1024
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    own = (json.loads(line) for line in ground.run.journal().splitlines())
    times = [line["t"] for line in own if line.get("drill") == "own"]
    assert (process.returncode, f"Bearer {TOKEN}" in chat.tokens) == (0, True)
    told = f"{took_s:.2f} s and {peak_mb:.0f} MB for a drill of {times[-1] - times[0]:.3f} s"
    record_property("overhead", told)
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
