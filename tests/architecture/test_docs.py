"""docs/guard.md and the code say the same: tests, settings and metrics that one names exist in the other."""

from __future__ import annotations

import re
from pathlib import Path

from guard.metrics import COUNTERS, GAUGES, HISTOGRAMS
from guard.settings import NUMBERS

ROOT = Path(__file__).parents[2]
GUARD = (ROOT / "docs" / "guard.md").read_text()


def test_every_test_that_the_docs_name_exists():
    named = re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", GUARD)
    assert len(named) > 40
    for path, test in named:
        assert (ROOT / path).is_file(), path
        if test.startswith("test_"):
            assert f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"


def test_every_setting_is_documented_and_nothing_else():
    documented = set(re.findall(r"\b(?:FLAG_|ZEP_|GUARD_|REDIS_)[A-Z_]+\b", _section("Settings")))
    read = set(
        re.findall(r'"((?:FLAG_|ZEP_|GUARD_|REDIS_)[A-Z_]+)"', (ROOT / "guard" / "settings.py").read_text())
    )
    assert documented == read >= set(NUMBERS)


def test_every_metric_is_documented_and_nothing_else():
    documented = set(re.findall(r"`((?:memory|circuit)_\w+)", _section("Operating it")))
    events = {name for name in documented if name.startswith("memory_mode_") or name.endswith("_stumbled")}
    exported = (
        {f"{name}_total" for name in COUNTERS}
        | set(HISTOGRAMS)
        | set(GAUGES)
        | {"memory_guard_store_up", "memory_guard_read_share"}
    )
    assert documented - events == exported
    assert "memory_mode_gauge" in events


def _section(title: str) -> str:
    return GUARD.split(f"## {title}\n")[1].split("\n## ")[0]
