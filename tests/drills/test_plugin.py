"""pytest as a user runs it: exit codes, JUnit, signals.  Verdicts are cooked, so that each can be had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from awaiting import eventually

from drills.catalog import drills

ROOT = Path(__file__).parents[2]
CONFTEST = """
import pathlib, time, pytest
from drills.checks.check import Check, Result
from drills.checks.ground import STOP, UNDO
from drills.runner import EndedError
from drills.verdict import Verdict

CHECKS = {
    "pass": [], "fail": [Check("recover", Result.FAIL, 9, 5, "s")],
    "inconclusive": [Check("fault_hit", Result.INCONCLUSIVE, why="hit nothing")],
    "stopped": [Check(STOP, Result.FAIL, why="51 user errors")],
    "undone": [Check(UNDO, Result.FAIL, why="drill-x is left")],
}

def cooked(name):
    checks = tuple(CHECKS[name])
    worst = checks[0].result if checks else Result.PASS
    return Verdict(name, worst, f"{name}: a sentence", checks, {"probes": 1, "recover_s": None})

@pytest.fixture(scope="session")
def rehearse():
    def run(name):
        if name == "wait":
            pathlib.Path("waiting").touch()
            time.sleep(30)
        if name == "ended":
            raise EndedError("Toxiproxy at http://x does not answer", cooked("inconclusive"))
        return cooked(name)
    yield run
    pathlib.Path("ended").touch()
"""
TEST = """
import pytest

@pytest.mark.drill
@pytest.mark.parametrize("verdict", {names!r}, indirect=True)
def test_mine(verdict):
    assert verdict.passed, verdict.sentence
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -m 'not drill'\nfilterwarnings = error\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    return tmp_path


SPREAD = ["-p", "xdist", "-n", "2"]
"""By the workers of pytest-xdist."""


def command(*words):
    return [sys.executable, "-m", "pytest", "-p", "drills.plugin", "-p", "no:cacheprovider", *words]


def environ():
    return {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}


def run(folder, *words):
    return subprocess.run(
        command(*words), cwd=folder, env=environ(), capture_output=True, text=True, timeout=30, check=False
    )


def drill(folder, *names, words=()):
    (folder / "test_mine.py").write_text(TEST.format(names=list(names)))
    return run(folder, "-m", "drill", *words)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["pass"], 0),
        (["fail", "pass"], 1),
        (["inconclusive", "pass"], 11),
        (["inconclusive", "fail"], 1),
        (["fail", "stopped", "inconclusive"], 13),
        (["fail", "undone", "stopped"], 14),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else str(value),
)
@pytest.mark.parametrize("words", [[], SPREAD], ids=["alone", "spread"])
def test_exit_codes_and_their_precedence(folder, names, code, words):
    done = drill(folder, *names, words=words)
    assert done.returncode == code, done.stdout


def test_junit_tells_failure_from_error_and_a_bad_undo_from_a_bad_drill(folder):
    drill(folder, "pass", "fail", "inconclusive", "undone", words=["--junitxml", "junit.xml"])
    cases = {c.get("name"): c for c in ET.parse(folder / "junit.xml").iter("testcase")}  # noqa: S314 - our own file
    outcome = {
        name: [child.tag for child in case if child.tag != "properties"] for name, case in cases.items()
    }
    assert outcome == {
        "test_mine[pass]": [],
        "test_mine[fail]": ["failure"],
        "test_mine[inconclusive]": ["error"],
        "test_mine[undone]": ["error"],
    }
    properties = {p.get("name"): p.get("value") for p in cases["test_mine[pass]"].iter("property")}
    assert properties == {"verdict": "pass", "probes": "1"}


def test_a_test_of_the_user_s_own_that_fails_beside_an_inconclusive_drill(folder):
    (folder / "test_own.py").write_text("import pytest\n@pytest.mark.drill\ndef test_own(): assert False\n")
    assert drill(folder, "inconclusive").returncode == 1


def test_nothing_collected_names_the_drills(folder):
    done = drill(folder, "pass", words=["-k", "bogus"])
    assert done.returncode == 12
    assert f"no such drill: known are {', '.join(drills())}" in done.stdout


@pytest.mark.parametrize("words", [[], SPREAD], ids=["alone", "spread"])
def test_an_injector_that_is_gone_ends_the_run_with_one_line(folder, words):
    done = drill(folder, "ended", "pass", words=words)
    assert done.returncode == 11
    assert "zep-drill: Toxiproxy at http://x does not answer" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "pass: a sentence" not in done.stdout


@pytest.mark.parametrize("words", [[], SPREAD], ids=["alone", "spread"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_signals_end_cleanly(folder, signum, words):
    (folder / "test_mine.py").write_text(TEST.format(names=["fail", "wait", "pass"]))
    blocked = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731 - as in a background job
    process = subprocess.Popen(
        command("-m", "drill", *words),
        cwd=folder,
        env=environ(),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=blocked,  # noqa: PLW1509 - this test has one thread
    )
    try:
        eventually((folder / "waiting").exists, within_s=10)
        process.send_signal(signum)
        out, _ = process.communicate(timeout=7)  # CI kills after 7.5 s
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, out
    assert (folder / "ended").exists(), "fixtures are torn down"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--stack", "remote"], "--stack remote needs --target FILE"),
        (["--target", "x.toml"], "--target FILE goes with --stack remote"),
        (["--stack", "bogus"], "invalid choice: 'bogus'"),
        (["--stack", "remote", "--target", "x.toml", *SPREAD], "one target, drilled by one: leave out -n"),
    ],
)
def test_a_mistake_is_one_line(folder, words, complaint):
    done = drill(folder, "pass", words=words)
    assert done.returncode == 4
    assert complaint in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_target_that_cannot_be_read_is_one_line(folder):
    (folder / "conftest.py").unlink()
    done = drill(folder, "pass", words=["--stack", "remote", "--target", "none.toml"])
    assert done.returncode == 4
    assert "zep-drill: cannot read the target file none.toml" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_other_suites_do_not_notice_the_plugin(folder):
    (folder / "test_own.py").write_text("def test_own(): assert False\n")
    assert run(folder).returncode == 1
    (folder / "test_own.py").write_text("")
    assert run(folder).returncode == 5, "pytest's own code for no tests"


def test_the_plugin_is_cheap_to_import():
    code = (
        "import sys, pytest; before = set(sys.modules); import drills.plugin;"
        "print(len(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ()
    )
    assert int(done.stdout) <= 6, "five files of drills, and what pytest had not loaded"


def test_progress_is_told_line_by_line(folder):
    (folder / "conftest.py").write_text("")
    done = drill(folder, "x", words=["--stack", "remote", "--target", "none.toml"])
    assert "zep-drill: starting the remote stack" in done.stdout.splitlines()
