"""Does one interval keep to one criterion?  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drills.canary.policy import Criterion, Limit, NoIncrease
from drills.canary.statistics import Share, p_value, tolerated


class Result(StrEnum):
    """Of one criterion in one interval."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`value` and `baseline` are rates for a share."""

    name: str
    result: Result
    why: str
    value: float | None = None
    baseline: float | None = None
    samples: float | None = None


def judge_limit(limit: Limit, value: float | None, samples: float | None) -> Measured:
    """Hold a value against its condition; `samples` is None where nobody counts them."""
    if value is None or (limit.samples and samples is None):
        return no_data(limit)
    if samples is not None and samples < limit.min_samples:
        return _too_few(limit, samples, value)
    held = limit.holds.holds(value)
    return Measured(
        name=limit.name,
        result=Result.PASS if held else Result(limit.otherwise),
        why=f"{value:.4g}{limit.unit and ' ' + limit.unit}, {'is' if held else 'is not'} {limit.holds}",
        value=value,
        samples=samples,
    )


def judge_increase(rule: NoIncrease, canary: Share | None, baseline: Share | None) -> Measured:
    """Hold the canary's share against the baseline's."""
    if canary is None or baseline is None:
        return no_data(rule)
    if min(canary.total, baseline.total) < rule.min_samples:
        return _too_few(rule, min(canary.total, baseline.total), canary.rate)
    limits = {"ratio": rule.tolerated_ratio, "rise": rule.tolerated_rise}
    chance = p_value(canary, baseline, **limits)
    most = tolerated(baseline.rate, **limits)
    return Measured(
        name=rule.name,
        result=Result.FAIL if chance < rule.alpha else Result.PASS,
        why=f"{canary.rate:.3%} failed, baseline {baseline.rate:.3%}, tolerated {most:.3%}, p = {chance:.2g}",
        value=canary.rate,
        baseline=baseline.rate,
        samples=canary.total,
    )


def unanswered(criterion: Criterion, why: str) -> Measured:
    """Return what an interval is worth when Prometheus could not be asked."""
    return Measured(name=criterion.name, result=Result.INCONCLUSIVE, why=why)


def no_data(criterion: Criterion) -> Measured:
    """Return what the policy says about an empty answer."""
    return Measured(name=criterion.name, result=Result(criterion.on_no_data), why="no data")


def _too_few(criterion: Criterion, samples: float, value: float) -> Measured:
    why = f"{samples:.0f} samples, at least {criterion.min_samples:g} are needed"
    return Measured(name=criterion.name, result=Result.INCONCLUSIVE, why=why, value=value, samples=samples)
