"""`--stack remote` on an application that is not ours (tests/naive): its faults are found, by their names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pytest_run import ROOT, PytestRun

from chaos.stack.keeper import Keeper
from chaos.stack.local import Endpoints, LocalStack
from chaos.stack.readiness import launch

NAIVE = ROOT / "tests" / "naive"
KEY, TOKEN, TOKEN_ENV = "key-of-naive", "t0ken-of-naive", "NAIVE_TOKEN"
HOLD_S = 2.0
TARGET = """
[target]
name = "naive"
chat_url = "http://{listen}/talk"
metrics_urls = {metrics}
token_env = "{token_env}"
marker_url = "http://{listen}/who"
marker_value = "naive"
stored_url = "{zep}/_double/messages"
[mode]
command = {command}
[faults]
gateway_admin = "{gateway}"
toxiproxy_url = "{toxiproxy}"
[timing]
hold_s = {hold_s}
"""
MAY_BE_MISSING = ("command", "toxiproxy_url")
BUSY = {"arrivals", "steady_state"}
"""Checks that a machine with too much to do leaves open: nothing was told, so the drill is run again."""
TRIES = 4
FOUND = {
    "write_path": {"nothing_leaks", "placeholders_stored"},
    "rollback": {"metrics_agree"},
    "auth_401": {"probes", "status_agrees", "metrics_agree", "metrics_complete"},
    "auth_403": {"downgrade"},
    "probe_recovery": {"downgrade"},
    "timeouts": {"probes", "status_agrees", "metrics_agree"},
    "redis_slow": {"p95"},
}
"""What is wrong with it, by the drill that finds it: nothing is redacted, the gauge stands still, nobody asks
before reads come back, 403 is overlooked, the third failure is not enough, Redis is waited for."""
WELL = "latency_under"
"""And one thing that it does well."""

pytestmark = pytest.mark.stack


@dataclass
class Second:
    """The application in front of a stack; `whole` is its target file, `bare` one that says less."""

    at: Endpoints
    mode: list[str]
    whole: Path
    bare: Path


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    folder = tmp_path_factory.mktemp("naive")
    with Keeper() as keeper, LocalStack(folder, keeper, api_key=KEY) as at:
        environ = {
            "NAIVE_ZEP_URL": at.zep_url,
            "NAIVE_ZEP_KEY": KEY,
            "NAIVE_REDIS_URL": at.redis_url,
            "NAIVE_HOLD_S": str(HOLD_S),
            TOKEN_ENV: TOKEN,
        }
        argv = [sys.executable, str(NAIVE / "chat.py")]
        ready = launch(keeper, "naive", argv, folder, env=environ).ready_line()
        mode = ["env", f"NAIVE_REDIS_URL={at.redis_direct_url}", sys.executable, str(NAIVE / "force.py")]
        text = target_file(at, ready, mode)
        whole, bare = folder / "whole.toml", folder / "bare.toml"
        whole.write_text(text)
        bare.write_text("".join(s for s in text.splitlines(True) if not s.startswith(MAY_BE_MISSING)))
        yield Second(at, mode, whole, bare)


def target_file(at, ready, mode):
    return TARGET.format(
        listen=ready["listen"],
        metrics=json.dumps([f"http://{address}/metrics" for address in ready["metrics"]]),
        token_env=TOKEN_ENV,
        zep=at.zep_direct_url,
        command=json.dumps(mode),
        gateway=at.gateway_admin,
        toxiproxy=at.toxiproxy_url,
        hold_s=HOLD_S,
    )


@pytest.fixture
def drilled(tmp_path):
    """Drill a target as its owner does; returns the exit codes of the runs and the verdicts by drill."""

    def once(target, names):
        run = PytestRun(tmp_path / f"out-{len(list(tmp_path.iterdir()))}", {TOKEN_ENV: TOKEN})
        words = ["--stack", "remote", "--target", str(target), "-k", " or ".join(names)]
        process = run.start(*words, "--drill-seed", "7")
        told, _ = process.communicate(timeout=120)
        lines = [json.loads(line) for line in run.journal().splitlines()]
        verdicts = {line["drill"]: line for line in lines if line["kind"] == "verdict" and line["drill"]}
        assert verdicts.keys() == set(names), told
        assert run.left() == []
        return process.returncode, verdicts

    def drilled(target, names):
        codes, told, open_ = [], {}, set(names)
        while open_ and len(codes) < TRIES:
            code, verdicts = once(target, sorted(open_))
            codes.append(code)
            told |= verdicts
            open_ = {name for name, verdict in told.items() if bad(verdict, "inconclusive") & BUSY}
        return codes, told

    return drilled


def bad(verdict, result):
    return {check["name"] for check in verdict["checks"] if check["result"] == result}


def get(url):
    return httpx.get(url, timeout=2, trust_env=False).json()


def checked(target):
    done = subprocess.run(
        [sys.executable, "-m", "drills.cli", "target", "check", str(target), "--json"],
        cwd=ROOT,
        env={**os.environ, TOKEN_ENV: TOKEN},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    lacks = {finding["capability"]: finding["lack"] for finding in json.loads(done.stdout)}
    return done.returncode, lacks


def test_it_knows_nothing_of_ours():
    code = f"import sys; sys.path.insert(0, {str(NAIVE)!r}); import chat; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"guard", "chaos", "drills", "reports", "django"} & set(done.stdout.split())


def test_a_target_is_looked_at_before_it_is_drilled(second):
    code, lacks = checked(second.whole)
    assert (code, {name for name, lack in lacks.items() if lack}) == (
        0,
        {"pager", "processes and Redis of its own"},
    )
    code, lacks = checked(second.bare)
    assert code == 1
    assert lacks["operations command"] == "the target has no operations command"
    assert "has no Toxiproxy" in lacks["Toxiproxy"]


def test_its_faults_are_found_by_name_and_nothing_is_left_broken(second, drilled):
    codes, verdicts = drilled(second.whole, FOUND)
    missed = {name: wanted - bad(verdicts[name], "fail") for name, wanted in FOUND.items()}
    assert {name: checks for name, checks in missed.items() if checks} == {}
    assert bad(verdicts["rollback"], "fail") == FOUND["rollback"], "the rest of a rollback it does well"
    assert codes[0] == 1
    assert get(f"{second.at.gateway_admin}/faults") == []
    proxies = get(f"{second.at.toxiproxy_url}/proxies").values()
    assert [(proxy["enabled"], proxy["toxics"]) for proxy in proxies] == [(True, [])] * 2
    status = subprocess.run([*second.mode, "--status", "--json"], capture_output=True, check=True)
    assert json.loads(status.stdout)["forced"] is None


def test_what_it_does_well_passes(second, drilled):
    codes, verdicts = drilled(second.whole, [WELL])
    assert (codes[-1], verdicts[WELL]["verdict"]) == (0, "pass"), verdicts[WELL]["sentence"]


def test_what_a_target_lacks_makes_a_drill_inconclusive_by_name(second, drilled):
    codes, verdicts = drilled(second.bare, ["timeouts", "rollback", "redis_flushed"])
    assert codes[0] == 11
    assert {verdict["verdict"] for verdict in verdicts.values()} == {"inconclusive"}
    assert "target naive has no Toxiproxy ([faults] toxiproxy_url)" in verdicts["timeouts"]["sentence"]
    assert "target naive has no operations command ([mode] command)" in verdicts["rollback"]["sentence"]
    assert "flushed needs a stack of our own" in verdicts["redis_flushed"]["sentence"]
