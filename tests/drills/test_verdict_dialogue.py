"""A dialogue is judged step by step, from what the journal says of each."""

from __future__ import annotations

import pytest
from journal_lines import metrics

from drills.checks.check import Result
from drills.plays.dialogue import met
from drills.scenario import Dialogue, LookIntoZep, Say
from drills.target import Budgets
from drills.verdict import judge

HIT = Say(text="t", check="second_turn", used=True, cached=True, below_ms=10)
LOOK = LookIntoZep(secrets=("ann@example.com",), placeholders=("[EMAIL]",))
DRILL = Dialogue(name="d", title="t", why="w", script=(Say(text="t"), HIT, LOOK))
GOOD = {"status": 200, "ms": 4.0, "used": True, "cached": True, "source": "cache", "reason": None}
CLEAN = {"looked": ["log a", "metrics", "zep"], "missing": [], "leaks": {"zep": 0, "metrics": 0, "log a": 0}}


def lines(turn=GOOD, stored=CLEAN, *, counted=1.0):
    after = metrics(3.0, "after", "read_write", 0, 0)
    after["values"]['memory_zep_redactions_total{field_type="email"}'] = counted
    return [
        {"t": 0.0, "kind": "marker", "ok": True},
        {"t": 1.0, "kind": "turn", "number": 0, "check": "", **GOOD},
        {"t": 1.1, "kind": "turn", "number": 1, "check": "second_turn", **turn},
        {"t": 1.2, "kind": "stored", "number": 2, **stored},
        after,
    ]


def verdict(found):
    return judge(found, DRILL, Budgets(), 2.0)


def check(found, name):
    (one,) = [c for c in verdict(found).checks if c.name == name]
    return one


def test_a_dialogue_in_which_all_is_as_stated_passes():
    found = verdict(lines())
    assert found.passed, found.complaints()
    assert found.sentence == "d passed: two turns, each as it should be, the slowest in 4 ms"
    assert found.facts == {"turns": 2, "slowest_ms": 4.0, "user_errors": 0}


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ({**GOOD, "cached": False}, "cached is False instead of True"),
        ({**GOOD, "used": None}, "used is None instead of True"),
        ({**GOOD, "ms": 12.5}, "took 12.5 ms, not below 10 ms"),
        ({**GOOD, "status": 500}, "status 500"),
    ],
)
def test_an_answer_that_is_not_as_stated_fails_by_name(turn, words):
    found = check(lines(turn), "second_turn")
    assert (found.result, found.why) == (Result.FAIL, words)
    assert not met(HIT, turn)


def test_a_secret_anywhere_fails():
    found = check(lines(stored={**CLEAN, "leaks": {"zep": 0, "log a": 1}}), "nothing_leaks")
    assert (found.result, found.why) == (Result.FAIL, "of 1 secrets: 1 in log a")
    assert "example.com" not in str(found)


def test_placeholders_that_are_missing_fail():
    assert check(lines(stored={**CLEAN, "missing": ["[EMAIL]"]}), "placeholders_stored").result is Result.FAIL


def test_what_cannot_be_read_proves_nothing():
    blind = {**CLEAN, "looked": ["metrics"]}
    assert check(lines(stored=blind), "nothing_leaks").result is Result.INCONCLUSIVE


def test_redactions_that_are_not_counted_fail():
    assert check(lines(counted=0.0), "redactions_counted").result is Result.FAIL


def test_a_step_that_was_not_reached_proves_nothing():
    cut = [line for line in lines() if line.get("number") != 1]
    assert check(cut, "second_turn").result is Result.INCONCLUSIVE
