"""The redaction benchmark runs and says what it should; its figures are for people, not for a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent / "redact.py"
WITHIN_S = 120.0
"""Takes 8 s on an idle machine."""


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """One quick run; whatever it started ends with it, also when it hangs."""
    argv = [sys.executable, str(BENCH), "--quick", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as bench:
        try:
            said, _ = bench.communicate(timeout=WITHIN_S)
        finally:
            if bench.poll() is None:
                os.killpg(bench.pid, signal.SIGKILL)
    assert bench.returncode == 0
    return json.loads(said)


def test_ours_is_timed_on_every_kind_of_text_and_peers_are_timed_or_named_as_missing(figures):
    ours, without, *peers = figures["rows"]
    assert [ours["name"], without["name"]] == ["zep-guard", "zep-guard without RE2"]
    for kind in ("chat", "mixed", "numeric"):
        assert 0 < ours[kind]["mean"] <= ours[kind]["p99"]
    assert {peer["name"] for peer in peers} == {"datafog-core", "depii", "presidio", "scrubadub"}
    assert all("missing" in peer or peer["chat"]["mean"] > 0 for peer in peers)


def test_every_hostile_text_has_its_time_and_its_growth(figures):
    assert len(figures["hostile"]) > 20
    assert all(one["s"] > 0 for one in figures["hostile"])


def test_every_goal_says_what_was_measured_and_whether_it_was_met(figures):
    assert len(figures["goals"]) == 6
    assert all(set(goal) == {"goal", "measured", "met"} for goal in figures["goals"])


def test_a_usage_error_is_2():
    done = subprocess.run([sys.executable, str(BENCH), "--fast"], check=False, capture_output=True)
    assert done.returncode == 2
