"""Follow a rollout: each interval is measured when it is over, rollback triggers are looked at in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drills.canary.criteria import Measured, judge_increase, judge_limit, unanswered
from drills.canary.policy import Criterion, Limit, NoIncrease, Policy, Rollback
from drills.canary.prometheus import Source, UnreachableError
from drills.canary.statistics import Share
from drills.canary.verdict import STEPS, Interval, Verdict, fold, held

Clock = Callable[[], float]
"""Seconds since the epoch, as Prometheus counts them."""


def once(policy: Policy, source: Source, at: float) -> Verdict:
    """Judge the interval that ends at `at`, where nothing is forgiven."""
    strict = policy.once()
    return fold(strict, [measure(strict, source, at)], tripped(strict, source, at))


def watch(
    policy: Policy,
    source: Source,
    *,
    clock: Clock,
    sleep: Callable[[float], object],
    tell: Callable[[Verdict], object],
) -> Verdict:
    """Return the verdict as soon as nothing can change it; ends with KeyboardInterrupt as interrupted."""
    intervals: list[Interval] = []
    try:
        for end in _ends(policy, clock()):
            triggers = _wait(policy, source, end, clock, sleep)
            if triggers:
                return fold(policy, intervals, triggers)
            intervals.append(measure(policy, source, end))
            verdict = fold(policy, intervals)
            tell(verdict)
            if verdict.decided:
                break
    except KeyboardInterrupt:
        return fold(policy, intervals, interrupted=True)
    return fold(policy, intervals)


def measure(policy: Policy, source: Source, at: float) -> Interval:
    """Ask for every criterion of the interval that ends at `at`."""
    return [_measured(policy, criterion, source, at) for criterion in policy.criteria]


def tripped(policy: Policy, source: Source, at: float) -> list[str]:
    """Return the rollback triggers that were beyond their limit all their time, up to `at`."""
    return [one.name for one in policy.rollbacks if _trips(policy, one, source, at)]


def _ends(policy: Policy, begin: float) -> Iterator[float]:
    return (begin + policy.interval_s * (n + 1) for n in range(policy.count))


def _wait(
    policy: Policy, source: Source, end: float, clock: Clock, sleep: Callable[[float], object]
) -> list[str]:
    while True:
        now = min(clock(), end)
        triggers = tripped(policy, source, now)
        if triggers or now >= end:
            return triggers
        sleep(min(policy.rollback_every_s, end - now))


def _trips(policy: Policy, rollback: Rollback, source: Source, at: float) -> bool:
    query = policy.rendered(rollback.query, policy.canary, rollback.window_s)
    try:
        points = source.points(query, at - rollback.for_s, at, rollback.for_s / STEPS)
    except UnreachableError:
        return False  # the criteria of this interval say so
    return held(points, rollback.beyond)


def _measured(policy: Policy, criterion: Criterion, source: Source, at: float) -> Measured:
    try:
        if isinstance(criterion, NoIncrease):
            return _increase(policy, criterion, source, at)
        return _limit(policy, criterion, source, at)
    except UnreachableError as error:
        return unanswered(criterion, str(error))


def _limit(policy: Policy, limit: Limit, source: Source, at: float) -> Measured:
    def ask(query: str) -> float | None:
        return source.value(policy.rendered(query, policy.canary, policy.interval_s), at)

    return judge_limit(limit, ask(limit.query), ask(limit.samples) if limit.samples else None)


def _increase(policy: Policy, rule: NoIncrease, source: Source, at: float) -> Measured:
    def share(selector: str, when: float) -> Share | None:
        failed, total = (
            source.value(policy.rendered(query, selector, policy.interval_s), when)
            for query in (rule.failed, rule.total)
        )
        return None if failed is None or total is None else Share(failed, total)

    return judge_increase(rule, share(policy.canary, at), share(policy.baseline, at - policy.baseline_ago_s))
