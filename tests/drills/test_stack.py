"""Whole runs on the real local stack that must not end well: a broken guard, no fault, a killed run."""

from __future__ import annotations

import re
import signal
import textwrap
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import httpx
import pytest
from awaiting import eventually
from pytest_run import ROOT, PytestRun, standing_toxiproxy

pytestmark = pytest.mark.stack


@pytest.fixture
def run(tmp_path) -> PytestRun:
    return PytestRun(tmp_path / "out")


def test_a_guard_that_ignores_401_fails_its_drill_by_name(run):
    run.environ |= {"PYTHONPATH": str(ROOT / "tests" / "broken"), "ZEP_GUARD_BROKEN": "ignores_401"}
    process = run.start("-k", "auth_401")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "auth_401 failed: downgrade: none after 1 bad answer" in told
    assert run.left() == []


def test_a_drill_whose_fault_hits_nothing_is_inconclusive_and_a_junit_error(run, tmp_path):
    own = tmp_path / "test_own.py"
    own.write_text(
        textwrap.dedent("""
        import pytest
        from chaos.faults import Status
        from drills.scenario import Outage

        MINE = Outage(name="mine", title="t", why="w", reason="auth", faults=(Status(route="GET /nowhere"),))

        @pytest.mark.drill
        @pytest.mark.parametrize("verdict", [MINE], indirect=True)
        def test_mine(verdict):
            assert verdict.passed
        """)
    )
    process = run.start(str(own), "--junitxml", str(tmp_path / "junit.xml"))
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 11
    assert "mine is inconclusive: fault_hit" in told
    suite = ET.parse(tmp_path / "junit.xml").getroot().find("testsuite")  # noqa: S314 - our own file
    assert (suite.get("errors"), suite.get("failures")) == ("1", "0")


@pytest.fixture
def toxiproxy() -> Iterator[str]:
    with standing_toxiproxy() as url:
        yield url


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_is_killed_in_mid_fault_leaves_nothing(run, toxiproxy, signum, tmp_path):
    run.environ |= {"TOXIPROXY_URL": toxiproxy, "TMPDIR": str(tmp_path)}
    process = run.start("-k", "timeouts")
    with process.stdout as told:
        assert any(re.search(r"timeouts +degraded", line) for line in told)
        toxics = [p["toxics"] for p in httpx.get(f"{toxiproxy}/proxies", trust_env=False).json().values()]
        assert sum(map(len, toxics)) == 1  # the fault is in place
        assert len(run.left()) > 5  # pytest, keeper, Redis, gateway, double, load, gunicorn and its workers
        process.send_signal(signum)
        eventually(lambda: run.left() == [], within_s=7 if signum != signal.SIGKILL else 2)
    assert httpx.get(f"{toxiproxy}/proxies", trust_env=False).json() == {}
    assert list(tmp_path.glob("zep-drill-*")) == []
    assert process.wait() == (-signal.SIGKILL if signum == signal.SIGKILL else 130)
    assert '"kind":"fault_applied"' in run.journal()
