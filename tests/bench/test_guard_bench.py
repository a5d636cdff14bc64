"""The benchmark runs and says what it should; its figures are for people, not for a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent / "guard.py"
PEERS = ("pybreaker", "circuitbreaker", "purgatory", "aiobreaker", "interlock")
WITHIN_S = 60.0
"""Takes 4 s on an idle machine."""

pytestmark = pytest.mark.skipif(
    not all(map(find_spec, PEERS)), reason="the peers are not installed: pip install 'zep-guard[bench]'"
)


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


def test_everybody_is_timed_in_the_state_that_the_row_names(figures):
    names = {(row["name"], row["shared"]) for row in figures["added_us"]}
    assert len(names) == 17
    assert {("zep-guard", True), ("interlock-cb", True), ("circuitbreaker", False)} < names
    assert [row["healthy"]["reached"] for row in figures["added_us"]] == [1.0] * 17
    assert [row["blocked"]["reached"] for row in figures["added_us"]] == [0.0] * 17


def test_a_row_has_its_best_its_median_and_its_ratio_to_ours(figures):
    for row in figures["added_us"]:
        for took in (row["healthy"], row["blocked"]):
            assert 0 < took["min"] <= took["median"]
            assert (took["times_ours"] == 1.0) or row["name"] != "zep-guard"


def test_neither_path_of_ours_goes_to_redis_and_both_were_walked(figures):
    answers = {"healthy": ["found"], "blocked": ["unavailable"]}
    assert figures["round_trips"] == {"healthy": 0, "blocked": 0, "answers": answers}
    assert 0 < figures["cache_hit"]["round_trips"] <= 1  # fewer where Redis is slow


def test_a_healthy_write_asks_redis_nothing_with_the_outbox_on_and_off(figures):
    assert set(figures["outbox_us"]) == {"off", "on"}
    for took in figures["outbox_us"].values():
        assert 0 < took["min"] <= took["median"]
        assert took["round_trips"] == 0


def test_a_force_is_timed_idle_and_busy(figures):
    for how in ("idle", "busy"):
        force = figures[f"force_{how}_ms"]
        assert 0 < force["p50"] <= force["p99"]
        assert force["forces"] == 15


def test_every_goal_says_what_was_measured_and_whether_it_was_met(figures):
    assert len(figures["goals"]) == 12
    assert all(set(goal) == {"goal", "measured", "met"} for goal in figures["goals"])
    assert all(isinstance(goal["met"], bool) for goal in figures["goals"])


def test_a_usage_error_is_2():
    done = subprocess.run([sys.executable, str(BENCH), "--fast"], check=False, capture_output=True)
    assert done.returncode == 2
