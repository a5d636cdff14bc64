"""When an error rate is worse, and what intervals add up to."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from drills.canary.criteria import Measured, Result, judge_increase, judge_limit
from drills.canary.policy import Condition, Limit, NoIncrease, Policy
from drills.canary.prometheus import RefusedError, UnreachableError
from drills.canary.statistics import Share, p_value, tolerated
from drills.canary.verdict import fold, held
from drills.canary.watch import once, watch
from drills.verdict import Exit

SHARED = {"min_samples": 100, "failure_limit": 1, "inconclusive_limit": 2, "on_no_data": "inconclusive"}
ERRORS = NoIncrease(name="errors", failed="f", total="t", **SHARED)
P95 = Limit(name="p95", query="q", holds=Condition("<", 0.25), samples="s", **SHARED)
POLICY = Policy(
    name="p", interval_s=600, count=5, canary='a="1"', baseline='a="2"', criteria=(P95,), rollbacks=()
)


def test_the_larger_minimum_effect_counts():
    assert tolerated(0.0, ratio=1.1, rise=0.005) == 0.005
    assert tolerated(0.2, ratio=1.1, rise=0.005) == pytest.approx(0.22)


def test_the_p_value_of_a_textbook_case():
    """71 and 51 of 1002 vary by 6.57e-5 and 4.82e-5: 2 % is 1.874 standard errors, 3.05 % lie beyond."""
    found = p_value(Share(70, 1000), Share(50, 1000), ratio=1.0, rise=0.0)
    assert found == pytest.approx(0.0305, abs=0.0001)


def test_no_failure_at_all_is_not_taken_for_certainty():
    assert p_value(Share(1, 100), Share(0, 100), ratio=1.1, rise=0.005) > 0.1


def test_a_canary_that_is_as_good_hardly_ever_fails():
    draw = random.Random(7)  # noqa: S311 - drawn, not secret
    rule = replace(ERRORS, tolerated_rise=0.0, tolerated_ratio=1.0, alpha=0.05)
    shares = [Share(sum(draw.random() < 0.02 for _ in range(1000)), 1000) for _ in range(400)]
    pairs = zip(shares[::2], shares[1::2], strict=True)
    failed = sum(judge_increase(rule, a, b).result is Result.FAIL for a, b in pairs)
    assert 1 <= failed <= 20  # of 200; 10 are expected


@pytest.mark.parametrize(
    ("canary", "result"),
    [
        (Share(100, 10_000), Result.PASS),
        (Share(140, 10_000), Result.PASS),
        (Share(160, 10_000), Result.PASS),  # above what is tolerated, but chance may do that
        (Share(250, 10_000), Result.FAIL),
        (Share(0, 99), Result.INCONCLUSIVE),
        (None, Result.INCONCLUSIVE),
    ],
)
def test_errors_fail_when_they_are_surely_beyond_what_is_tolerated(canary, result):
    assert judge_increase(ERRORS, canary, Share(100, 10_000)).result is result


def test_a_small_baseline_says_nothing():
    assert judge_increase(ERRORS, Share(900, 1000), Share(0, 99)).result is Result.INCONCLUSIVE


@pytest.mark.parametrize(
    ("value", "samples", "result"),
    [
        (0.2, 100, Result.PASS),
        (0.25, 100, Result.FAIL),
        (0.2, 99, Result.INCONCLUSIVE),
        (None, 100, Result.INCONCLUSIVE),
        (0.2, None, Result.INCONCLUSIVE),
    ],
)
def test_a_limit(value, samples, result):
    assert judge_limit(P95, value, samples).result is result


def test_a_limit_about_the_evidence_itself_is_inconclusive_when_it_does_not_hold():
    assert judge_limit(replace(P95, otherwise="inconclusive"), 1.0, 100).result is Result.INCONCLUSIVE


def intervals(letters):
    results = {"p": Result.PASS, "f": Result.FAIL, "i": Result.INCONCLUSIVE}
    return [[Measured(name="p95", result=results[letter], why="w")] for letter in letters]


@pytest.mark.parametrize(
    ("letters", "code", "decided"),
    [
        ("ppppp", Exit.PASS, False),
        ("fpppp", Exit.PASS, False),
        ("fipip", Exit.PASS, False),
        ("ff", Exit.FAIL, True),
        ("iii", Exit.INCONCLUSIVE, True),
        ("iiiff", Exit.FAIL, True),
        ("iiipp", Exit.INCONCLUSIVE, True),
        ("pppp", Exit.INCONCLUSIVE, False),
        ("", Exit.INCONCLUSIVE, False),
    ],
)
def test_intervals_add_up(letters, code, decided):
    verdict = fold(POLICY, intervals(letters))
    assert (verdict.exit, verdict.decided) == (code, decided)


def test_a_criterion_that_never_passed_is_no_pass_whatever_its_limits_forgive():
    lenient = replace(POLICY, count=2, criteria=(replace(P95, inconclusive_limit=9),))
    assert fold(lenient, intervals("ii")).exit is Exit.INCONCLUSIVE


def test_worse_wins():
    assert fold(POLICY, intervals("ff"), ["errors"]).exit is Exit.STOPPED
    assert fold(POLICY, intervals("ff"), ["errors"], interrupted=True).exit is Exit.INTERRUPTED


@pytest.mark.parametrize(
    ("points", "expected"),
    [([2.0] * 11, True), ([2.0] * 10, False), ([2.0] * 10 + [1.0], False), ([], False)],
)
def test_a_trigger_is_held_without_a_gap(points, expected):
    assert held(points, Condition(">", 1.0)) is expected


class Broken:
    """A mock, because a Prometheus that fails at a chosen moment cannot be had."""

    def __init__(self, error):
        self.error = error

    def value(self, query, at):
        raise self.error

    def points(self, query, begin, end, step_s):
        raise self.error


def test_a_prometheus_that_does_not_answer_says_nothing():
    verdict = once(POLICY, Broken(UnreachableError("away")), 0.0)
    assert verdict.exit is Exit.INCONCLUSIVE
    assert "p95: away" in verdict.sentence


def test_a_prometheus_that_refuses_ends_it():
    with pytest.raises(RefusedError):
        once(POLICY, Broken(RefusedError("no")), 0.0)


def test_an_interrupted_canary_says_how_far_it_came():
    source = Broken(UnreachableError("away"))
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) > 10:
            raise KeyboardInterrupt

    verdict = watch(POLICY, source, clock=lambda: sum(slept), sleep=sleep, tell=lambda _: None)
    assert (verdict.exit, verdict.intervals) == (Exit.INTERRUPTED, 1)
