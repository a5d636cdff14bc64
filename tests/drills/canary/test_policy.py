"""Policies are read strictly: what is wrong is one line."""

from __future__ import annotations

import pytest

from drills.canary.policy import READY, Condition, Policy, PolicyError

SMALLEST = """
[policy]
name = "p"
interval_s = 60
count = 2
failure_limit = 1
inconclusive_limit = 2
min_samples = 10
on_no_data = "fail"
canary = 'a="1"'
baseline = 'a="2"'
[limit.p95]
query = "q"
holds = "< 0.25"
"""


def read(tmp_path, text):
    file = tmp_path / "policy.toml"
    file.write_text(text)
    return Policy.load(str(file))


def test_a_criterion_has_the_policys_limits_unless_it_says_otherwise(tmp_path):
    policy = read(tmp_path, SMALLEST + 'failure_limit = 0\n[limit.other]\nquery = "q"\nholds = "> 1"\n')
    first, second = policy.criteria
    assert (first.failure_limit, second.failure_limit, second.inconclusive_limit) == (0, 1, 2)
    assert (first.holds, second.on_no_data) == (Condition("<", 0.25), "fail")


def test_in_a_single_interval_nothing_is_forgiven(tmp_path):
    policy = read(tmp_path, SMALLEST).once()
    assert (policy.count, policy.criteria[0].failure_limit, policy.criteria[0].inconclusive_limit) == (
        1,
        0,
        0,
    )


@pytest.mark.parametrize(("hours", "name"), [(48, "dark_launch"), (96, "canary"), (24, "full")], ids=str)
def test_the_phases_last_as_long_as_the_seed_says(hours, name):
    policy = Policy.load(name)
    assert policy.name == name
    assert policy.interval_s * policy.count == hours * 3600


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("count = 2", "", "[policy]: 'count' is missing"),
        ("count = 2", "count = 0", "[policy]: 'count' must be a whole number above 0, not 0"),
        ("count = 2", "count = 2.5", "'count' must be a whole number above 0, not 2.5"),
        ("count = 2", "count = true", "'count' must be a whole number above 0, not True"),
        ("count = 2", "count = 2\ncuont = 3", "'cuont' means nothing: use "),
        ("interval_s = 60", "interval_s = 0", "'interval_s' must be a number above 0, not 0"),
        ("interval_s = 60", 'interval_s = "1m"', "'interval_s' must be a number above 0, not '1m'"),
        ('"fail"', '"ignore"', "'on_no_data' must be inconclusive or fail or pass, not 'ignore'"),
        ("< 0.25", "= 0.25", "[limit.p95]: 'holds' must be a condition such as '< 0.25', not '= 0.25'"),
        ('query = "q"', 'query = "$windw"', "'query' must be PromQL with no placeholder but "),
        ('query = "q"', 'query = "$new(a{b=~\\"(c)\\"})"', "'query' must be PromQL with no placeholder but "),
        ('query = "q"', 'query = ""', "'query' must be PromQL"),
        ("[limit.p95]", "[limits.p95]", "[limits] is not a section: use policy, limit"),
        ("[limit.p95]", "[rollback.p95]", "[rollback.p95]: 'holds' means nothing: use "),
        ("[policy]", "policy = 3\n[ploicy]", "'policy' must be a section: [policy]"),
        ("[limit.p95]", "[limit.p95", "is not TOML"),
        (SMALLEST[SMALLEST.index("[limit") :], "", "no criterion: add a [limit.NAME]"),
        ('"p"', '"p"\nignored_reasons = "manual"', "'ignored_reasons' must be a list of texts"),
    ],
)
def test_a_mistake_is_one_line(old, new, told, tmp_path):
    assert old in SMALLEST
    with pytest.raises(PolicyError) as error:
        read(tmp_path, SMALLEST.replace(old, new))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_policy_that_is_not_there_is_told_with_the_ready_ones():
    with pytest.raises(PolicyError, match=r"cannot read the policy nope: .*canary, dark_launch, full"):
        Policy.load("nope")


def test_placeholders_are_filled_in():
    policy = Policy.load("canary")
    asked = policy.rendered('sum(a{$selector,r!~"$ignored_reasons"}[$window]) / $scrapes', 'b="c"', 60)
    assert asked == 'sum(a{b="c",r!~"manual|rollback"}[60s]) / 4'
    assert "$" not in policy.rendered("$new(a{$canary}) - $new(a{$baseline})", "", 60)


def test_the_ready_policies_are_shipped():
    assert {file.name for file in READY.iterdir()} == {"canary.toml", "dark_launch.toml", "full.toml"}
