"""The ready policies, asked of a real Prometheus with histories that must pass, fail and say nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from drills.canary.policy import READY, Limit, NoIncrease, Policy
from drills.canary.prometheus import Prometheus, RefusedError
from drills.canary.watch import once, watch
from drills.verdict import Exit
from guard.metrics import Metrics
from tests.drills.canary.histories import END, HISTORIES

READY_NAMES = sorted(file.stem for file in READY.glob("*.toml"))
RED = {  # policy, criterion: the history that only this criterion finds wrong
    ("canary", "errors"): ("more_errors", Exit.FAIL),
    ("canary", "read_p95"): ("slow_reads", Exit.FAIL),
    ("canary", "timeouts"): ("timeouts", Exit.FAIL),
    ("canary", "downgrades"): ("auth_downgrade", Exit.FAIL),
    ("canary", "cache_hits"): ("few_hits", Exit.FAIL),
    ("canary", "scrape_coverage"): ("missed_scrapes", Exit.INCONCLUSIVE),
    ("full", "errors"): ("more_errors", Exit.FAIL),
    ("full", "read_p95"): ("slow_reads", Exit.FAIL),
    ("full", "timeouts"): ("timeouts", Exit.FAIL),
    ("full", "downgrades"): ("auth_downgrade", Exit.FAIL),
    ("full", "cache_hits"): ("few_hits", Exit.FAIL),
    ("full", "scrape_coverage"): ("missed_scrapes", Exit.INCONCLUSIVE),
    ("dark_launch", "write_success"): ("dark_write_failures", Exit.FAIL),
    ("dark_launch", "breaker_opens"): ("dark_breaker", Exit.FAIL),
    ("dark_launch", "downgrades"): ("dark_downgrade", Exit.FAIL),
    ("dark_launch", "scrape_coverage"): ("dark_missed_scrapes", Exit.INCONCLUSIVE),
}


@pytest.fixture
def source(prometheus):
    client = Prometheus(prometheus)
    yield client
    client.close()


def of(name, history):
    """Return a ready policy for one history; `full` compares with the other track, of the same hour."""
    stable = f'job="{history}",track="stable"'
    return replace(
        Policy.load(name),
        canary=f'job="{history}",track="canary",drilled!="yes"',
        baseline=stable,
        baseline_ago_s=0,
    )


def wrong(verdict):
    return [tally.criterion.name for tally in verdict.tallies if tally.exit is not Exit.PASS]


@pytest.mark.parametrize(
    ("name", "history"),
    [
        ("canary", "good"),
        ("canary", "a_little_worse"),
        ("canary", "manual_downgrade"),
        ("full", "good"),
        ("dark_launch", "dark_good"),
    ],
)
def test_a_rollout_that_goes_well_passes(name, history, source):
    verdict = once(of(name, history), source, END)
    assert (verdict.exit, wrong(verdict), verdict.tripped) == (Exit.PASS, [], ()), verdict.sentence


def test_every_criterion_of_every_ready_policy_has_a_history_that_it_finds_wrong():
    assert set(RED) == {(name, one.name) for name in READY_NAMES for one in Policy.load(name).criteria}


@pytest.mark.parametrize(("name", "criterion"), RED)
def test_a_criterion_finds_what_is_wrong_and_no_other_does(name, criterion, source):
    history, expected = RED[name, criterion]
    verdict = once(of(name, history), source, END)
    assert (verdict.tripped, wrong(verdict)) == ((), [criterion]), verdict.sentence
    assert verdict.exit is expected


def test_too_few_samples_say_nothing(source):
    verdict = once(of("canary", "quiet"), source, END)
    assert verdict.exit is Exit.INCONCLUSIVE
    assert wrong(verdict) == ["read_p95", "timeouts", "cache_hits", "errors"]


@pytest.mark.parametrize("name", READY_NAMES)
def test_a_canary_without_any_data_says_nothing(name, source):
    verdict = once(of(name, "gone"), source, END)
    assert verdict.exit is Exit.INCONCLUSIVE
    assert len(wrong(verdict)) == len(verdict.tallies)
    assert {tally.measured[0].why for tally in verdict.tallies} == {"no data"}


@pytest.mark.parametrize(("said", "expected"), [("fail", Exit.FAIL), ("pass", Exit.PASS)])
def test_what_no_data_means_is_the_policys_to_say(said, expected, source):
    policy = of("canary", "gone")
    policy = replace(policy, criteria=tuple(replace(one, on_no_data=said) for one in policy.criteria))
    assert once(policy, source, END).exit is expected


def test_drilled_workers_count_unless_the_selector_leaves_them_out(source):
    policy = replace(of("canary", "good"), canary='job="good",track="canary",drilled="yes"')
    assert wrong(once(policy, source, END)) == ["downgrades"]


def test_a_baseline_can_be_the_same_workers_earlier(source):
    policy = replace(of("full", "good"), baseline='job="good",track="canary"', baseline_ago_s=3600)
    (errors,) = [t.measured[0] for t in once(policy, source, END).tallies if t.criterion.name == "errors"]
    assert errors.baseline == pytest.approx(0.01, rel=0.05)
    empty = replace(policy, baseline_ago_s=86400)
    assert wrong(once(empty, source, END)) == ["errors"]


def test_every_rollback_trigger_has_a_history_that_trips_it():
    names = {trigger.name for name in READY_NAMES for trigger in Policy.load(name).rollbacks}
    assert names == {h.removeprefix("rollback_") for h in HISTORIES if h.startswith("rollback_")}


@pytest.mark.parametrize("trigger", ["read_p95", "context_failures", "write_breaker", "errors_doubled"])
def test_a_rollback_trigger_ends_the_rollout(trigger, source):
    verdict = once(of("canary", f"rollback_{trigger}"), source, END)
    assert (verdict.exit, verdict.tripped) == (Exit.STOPPED, (trigger,))


@pytest.mark.parametrize("trigger", ["read_p95", "context_failures", "write_breaker"])
def test_what_was_not_beyond_the_limit_for_all_its_time_trips_nothing(trigger, source):
    assert once(of("canary", f"short_{trigger}"), source, END).tripped == ()


class PassingTime:
    """A clock over the second hour of a history; to sleep is to move it."""

    def __init__(self):
        self.now = END - 3600.0
        self.slept = []

    def sleep(self, seconds):
        self.now += seconds
        self.slept.append(seconds)


def followed(policy, source, told=lambda verdict: None):
    time = PassingTime()
    quick = replace(policy, interval_s=600, count=6)
    return time, watch(quick, source, clock=lambda: time.now, sleep=time.sleep, tell=told)


def test_a_rollout_is_followed_to_its_end(source):
    seen = []
    time, verdict = followed(of("canary", "good"), source, seen.append)
    assert (verdict.exit, verdict.intervals, time.now) == (Exit.PASS, 6, END)
    assert [one.exit for one in seen] == [Exit.INCONCLUSIVE] * 5 + [Exit.PASS]
    assert max(time.slept) == 60


def test_a_rollout_ends_with_the_interval_that_breaks_a_limit(source):
    time, verdict = followed(of("canary", "auth_downgrade"), source)
    assert (verdict.exit, verdict.intervals, wrong(verdict)) == (Exit.FAIL, 4, ["downgrades"])
    assert time.now == END - 1200


def test_a_rollback_trigger_does_not_wait_for_the_interval(source):
    time, verdict = followed(of("canary", "rollback_context_failures"), source)
    assert (verdict.exit, verdict.tripped) == (Exit.STOPPED, ("context_failures",))
    assert END - 300 <= time.now <= END - 180


def test_a_query_of_several_series_is_refused(source):
    with pytest.raises(RefusedError, match="series where one is wanted"):
        source.value('up{job="good"}', END)


def test_a_share_of_nothing_is_no_value(source):
    assert source.value("0 / 0", END) is None
    assert source.points("vector(0) / 0", END - 60, END, 6) == []


def test_a_query_that_is_no_promql_is_refused_with_prometheus_own_words(source):
    with pytest.raises(RefusedError, match="answers 400: invalid parameter"):
        source.value("sum(", END)


@pytest.mark.parametrize("name", READY_NAMES)
def test_every_metric_of_a_ready_policy_is_one_that_the_guard_exports(name):
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.flush()
    exported = {"up"}
    for family in registry.collect():
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        exported |= {family.name + end for end in ends}
    named = set(re.findall(r"(\w+)\{", " ".join(queries(Policy.load(name)))))
    assert named <= exported
    assert len(named) >= 5


def queries(policy):
    for one in policy.criteria:
        match one:
            case Limit():
                yield from (one.query, one.samples)
            case NoIncrease():
                yield from (one.failed, one.total)
    yield from (trigger.query for trigger in policy.rollbacks)
