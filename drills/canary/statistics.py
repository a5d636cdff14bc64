"""Is the canary's error rate really worse?  Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; floats, because Prometheus extrapolates counters."""

    failed: float
    total: float

    @property
    def rate(self) -> float:
        return self.failed / self.total if self.total else 0.0

    @property
    def variance(self) -> float:
        """Of the rate, with one failure and one success added (Agresti-Caffo): no failure is no certainty."""
        rate = (self.failed + 1) / (self.total + 2)
        return max(rate * (1 - rate), 0.0) / (self.total + 2)


def tolerated(baseline_rate: float, *, ratio: float, rise: float) -> float:
    """Return the rate that is still no increase: the larger of a relative and an absolute minimum effect."""
    return max(baseline_rate * ratio, baseline_rate + rise)


def p_value(canary: Share, baseline: Share, *, ratio: float, rise: float) -> float:
    """Return how likely such a canary is if its true rate were no more than what is tolerated (one-sided)."""
    excess = canary.rate - tolerated(baseline.rate, ratio=ratio, rise=rise)
    slope = ratio if baseline.rate * ratio > baseline.rate + rise else 1.0
    error = math.sqrt(canary.variance + slope**2 * baseline.variance)
    return 0.5 * math.erfc(excess / error / math.sqrt(2))
