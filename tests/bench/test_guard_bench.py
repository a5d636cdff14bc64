"""The benchmark runs and says what it should; its figures are for people, not for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parent / "guard.py"


def test_a_quick_run_has_every_figure_and_every_goal():
    done = subprocess.run(
        [sys.executable, str(BENCH), "--quick", "--json"], capture_output=True, text=True, check=True
    )
    figures = json.loads(done.stdout)
    names = {(row["name"], row["shared"]) for row in figures["added_us"]}
    assert {("zep-guard", True), ("interlock-cb", True), ("circuitbreaker", False)} < names
    assert all(row[state]["min"] > 0 for row in figures["added_us"] for state in ("healthy", "blocked"))
    assert figures["round_trips"] == {"healthy": 0, "blocked": 0}
    assert figures["cache_hit"]["round_trips"] == 1
    assert len(figures["goals"]) == 9
    assert all(isinstance(goal["met"], bool) for goal in figures["goals"])
