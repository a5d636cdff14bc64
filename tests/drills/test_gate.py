"""`zep-drill gate` as CI runs it: one line of JSON, an exit code, and nothing left broken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import httpx
import pytest
from awaiting import eventually
from standing import standing

WITHIN_S = 60
CANCEL_S = 7.0
"""GitHub sends SIGTERM 7.5 s after SIGINT, and kills 2.5 s later."""


@pytest.fixture(scope="module")
def staging(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("standing")) as found:
        yield found


@pytest.fixture
def start(tmp_path):
    started = []

    def start(file, *words, **environ):
        argv = [
            sys.executable,
            "-m",
            "drills.cli",
            "gate",
            "--target",
            str(file),
            "--out",
            str(tmp_path / "out"),
        ]
        process = subprocess.Popen(
            [*argv, *words],
            env={**os.environ, "CI": "true", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def outcome(process):
    out, err = process.communicate(timeout=WITHIN_S)
    assert out.count("\n") == 1, err
    (line,) = out.splitlines()
    return json.loads(line), err


def faults(staging):
    return httpx.get(f"{staging.target.gateway_admin}/faults", trust_env=False).json()


@pytest.mark.stack
def test_a_sound_application_passes(start, staging, tmp_path):
    words = ["two_failures", "auth_401", "--junit", str(tmp_path / "j.xml"), "--seed", "7"]
    summary = tmp_path / "summary.md"
    found, _ = outcome(start(staging.file, *words, GITHUB_STEP_SUMMARY=str(summary), **staging.environ))
    assert (found["verdict"], found["exit_code"], found["target"]) == ("pass", 0, "standing")
    assert [(drill["name"], drill["verdict"]) for drill in found["drills"]] == [
        ("two_failures", "pass"),
        ("auth_401", "pass"),
    ]
    assert "2 of 2 drills passed" in summary.read_text()
    assert len(list(ET.parse(tmp_path / "j.xml").iter("testcase"))) == 2  # noqa: S314 - our own file
    assert Path(found["report"]).stat().st_size > 10_000
    assert faults(staging) == []


@pytest.mark.stack
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_cancellation_heals_and_is_told_as_such(start, staging, signum):
    process = start(staging.file, "timeouts", "auth_401", **staging.environ)
    eventually(lambda: _broken(staging), within_s=20)
    process.send_signal(signum)
    out, err = process.communicate(timeout=CANCEL_S)
    assert process.returncode == 130, err
    assert json.loads(out)["verdict"] == "interrupted"
    assert not _broken(staging)


def _broken(staging):
    proxies = httpx.get(f"{staging.target.toxiproxy_url}/proxies", trust_env=False).json()
    return faults(staging) or any(proxy["toxics"] or not proxy["enabled"] for proxy in proxies.values())


@pytest.mark.stack
def test_what_the_target_lacks_is_named_and_makes_drills_inconclusive(start, staging, tmp_path):
    text = staging.file.read_text()
    poorer = tmp_path / "poorer.toml"
    poorer.write_text("\n".join(line for line in text.splitlines() if not line.startswith("toxiproxy_url")))
    found, told = outcome(start(poorer, "connection_reset", "timeouts", **staging.environ))
    assert (found["verdict"], found["exit_code"]) == ("inconclusive", 11)
    assert "missing: Toxiproxy" in told
    assert "Toxiproxy" in found["missing"]


@pytest.mark.stack
def test_drills_that_need_a_stack_of_their_own_are_left_out(staging):
    from drills.gate import Gate

    gate = Gate(file=staging.file, out=staging.file.parent, junit=staging.file.parent / "j.xml")
    told = gate._preflight(staging.target, _blank())
    assert {"redis_flushed", "worker_killed_while_probing"} <= set(told.left_out)
    assert not any(name in word for name in told.left_out for word in gate._words(told))


def _blank():
    from drills.outcome import Outcome

    return Outcome(exit_code=4, target="t", sentence="")


def test_a_target_that_is_not_there_is_refused(start, tmp_path):
    file = tmp_path / "target.toml"
    file.write_text(
        '[target]\nname = "t"\nchat_url = "http://127.0.0.1:1/"\ntoken_env = "T"\n'
        'marker_url = "http://127.0.0.1:1/m"\nmarker_value = "m"\n[timing]\nhold_s = 1.0\n'
    )
    process = start(file, T="x")
    found, told = outcome(process)
    assert (process.returncode, found["verdict"]) == (4, "refused")
    assert "marker: no marker at http://127.0.0.1:1/m" in found["sentence"]
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["nonsense"], 2, "no drill is called nonsense"),
        ([], 4, "cannot read the target file"),
    ],
)
def test_a_mistake_is_one_line(start, tmp_path, words, code, complaint):
    process = start(tmp_path / "none.toml", *words)
    _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == code
    assert complaint in told
    assert "Traceback" not in told
