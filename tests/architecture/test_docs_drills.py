"""docs/drills.md and the code say the same: its example is a drill, its target file one, its names exist."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from breaks import BREAKS

from drills.canary.criteria import judge_increase, judge_limit
from drills.canary.policy import Policy
from drills.canary.verdict import fold
from drills.catalog import drills
from drills.checks.asked import of_dialogue, of_outage, of_storm
from drills.scenario import Dialogue, Drill, Outage, Storm
from drills.target import Target

DOCS = (Path(__file__).parents[2] / "docs" / "drills.md").read_text()
GROUND = {
    "marker",
    "machine",
    "steady_state",
    "arrivals",
    "fault_hit",
    "downgrade",
    "stop_condition",
    "undo_verified",
}


def block(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)


def test_the_example_is_a_test_of_two_drills_in_under_40_lines():
    (code,) = block("python")
    assert len(code.splitlines()) < 40
    names: dict[str, object] = {}
    exec(compile(code, "docs/drills.md", "exec"), names)  # noqa: S102 - our own page
    assert [type(value) for value in names.values() if isinstance(value, Drill)] == [Outage, Storm]


def test_the_target_file_can_be_read(tmp_path):
    text, _ = block("toml")
    file = tmp_path / "target.toml"
    file.write_text(text)
    target = Target.load(file, {"STAGING_TOKEN": "t"})
    assert (target.name, target.hold_s) == ("staging", 2.0)


def test_the_canary_policy_can_be_read_and_what_it_says_is_what_a_verdict_says():
    _, text = block("toml")
    policy = Policy.parse(tomllib.loads(text), "docs/drills.md")
    (shown,) = map(json.loads, block("json"))
    downgrades = policy.criteria[0]
    measured = [judge_limit(downgrades, 1.0, None), judge_increase(policy.criteria[1], None, None)]
    told = fold(policy, [measured] * 3).as_json()
    assert shown.keys() == told.keys()
    assert shown["criteria"][0] == {**told["criteria"][0], "failed": 1}


def test_every_check_that_is_named_exists():
    named = {
        name
        for group in re.findall(r"\*\*([a-z0-9_,\s]+)\*\*", DOCS)
        for name in re.findall(r"\w+_?\w+", group)
    }
    asked = {Outage: of_outage, Storm: of_storm, Dialogue: of_dialogue}
    known = {check.__name__ for drill in drills().values() for check in asked[type(drill)](drill)}
    assert named - known - GROUND <= {"outage", "storm", "dialogue"}
    assert len(named) > 20


def test_the_matrix_has_every_broken_guard_with_its_drill_and_what_caught_it():
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| (\w+) \| ([^|]+) \|$", DOCS, re.MULTILINE)
    found = {name: (drill, caught.split(", ")) for name, drill, caught in rows}
    assert found.keys() == BREAKS.keys()
    for name, broken in BREAKS.items():
        drill, caught = found[name]
        assert (drill, broken.check in caught) == (broken.drill, True), name
