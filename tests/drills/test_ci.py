"""What GitHub is told of a gate."""

from __future__ import annotations

import io

import pytest

from drills.ci import commands, summary, tell
from drills.outcome import Outcome

PASSED = {"name": "auth_401", "verdict": "pass", "sentence": "all well"}


def failed(n, verdict="fail"):
    return {"name": f"drill_{n}", "verdict": verdict, "sentence": f"100 % wrong\nin {n} | ways"}


def outcome(*drills, exit_code=1, **more):
    return Outcome(exit_code=exit_code, target="staging", sentence="s", drills=list(drills), **more)


def test_a_drill_that_failed_is_an_error_and_an_inconclusive_one_a_warning():
    told = list(commands(outcome(PASSED, failed(1), failed(2, "inconclusive"))))
    assert told == [
        "::error title=drill drill_1::100 %25 wrong%0Ain 1 | ways",
        "::warning title=drill drill_2::100 %25 wrong%0Ain 2 | ways",
    ]


def test_github_shows_ten_of_a_kind_so_the_tenth_names_the_rest():
    told = list(commands(outcome(*map(failed, range(14)))))
    assert len(told) == 10
    assert told[-1] == "::error title=5 more drills::drill_9, drill_10, drill_11, drill_12, drill_13"


def test_a_gate_that_ended_otherwise_is_an_error_of_its_own():
    assert list(commands(outcome(exit_code=4))) == ["::error title=drills::s"]
    assert list(commands(outcome(PASSED, exit_code=0))) == []


def test_the_summary_has_a_row_a_drill_and_names_what_was_left_out():
    text = summary(outcome(PASSED, failed(1), left_out=["redis_full"], why_left_out="reasons"))
    assert "| auth_401 | passed | all well |" in text
    assert "| drill_1 | **failed** | 100 % wrong in 1 \\| ways |" in text
    assert "Left out, because reasons: redis_full." in text


@pytest.mark.parametrize(("actions", "told"), [("true", True), ("", False)])
def test_github_is_told_where_it_is_github_that_asks(tmp_path, actions, told):
    environ = {"GITHUB_ACTIONS": actions}
    if told:
        environ |= {
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "GITHUB_OUTPUT": str(tmp_path / "out"),
        }
    said = io.StringIO()
    tell(outcome(failed(1)), environ, to=said)
    assert said.getvalue().startswith("::error") is told
    if told:
        assert (tmp_path / "out").read_text() == "verdict=fail\nexit_code=1\nreport=\n"
        assert (tmp_path / "summary").read_text().startswith("### Drills on staging: s")
