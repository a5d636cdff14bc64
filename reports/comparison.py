"""A run beside a baseline: what changed beyond the noise, as data and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reports.page import environment
from reports.summary import DrillSummary, Summary

BOUNDS: dict[str, tuple[float, float]] = {
    "downgrade_s": (1.5, 0.1),
    "recover_s": (1.5, 0.25),
    "degraded_p95_ms": (1.5, 25.0),
    "p95_ms": (1.5, 25.0),
    "slowest_ms": (2.0, 50.0),
    "user_errors": (1.0, 0.0),
    "reads_while_degraded": (1.0, 0.0),
}
"""Figure: (times the baseline, plus this) is still noise.  Ten runs on two busy cores stayed within these."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of one drill; `bound` is what would still be noise, `worse` beyond it."""

    drill: str
    figure: str
    before: float | None
    after: float | None
    bound: float | None
    worse: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Drills that both runs have."""

    baseline: Summary
    run: Summary
    changes: list[Change]
    lost: list[str]
    """Drills that passed before and do not now."""

    @property
    def regressions(self) -> list[str]:
        """Return a line for each regression."""
        figures = [
            f"{c.drill}: {c.figure} {c.after:g}, was {c.before:g}, up to {c.bound:g} is noise"
            for c in self.changes
            if c.worse
        ]
        return [*(f"{name}: passed before, and does not now" for name in self.lost), *figures]

    @property
    def common(self) -> list[str]:
        return sorted({change.drill for change in self.changes} | set(self.lost))


def compared(baseline: Summary, run: Summary) -> Comparison:
    """Compare drill by drill; pure."""
    pairs = [(before, after) for after in run.drills if (before := baseline.drill(after.name))]
    changes = [change for before, after in pairs for change in _changes(before, after)]
    lost = [after.name for before, after in pairs if before.verdict == "pass" != after.verdict]
    return Comparison(baseline, run, changes, lost)


def _changes(before: DrillSummary, after: DrillSummary) -> list[Change]:
    names = [name for name in BOUNDS if name in before.facts or name in after.facts]
    return [_change(after.name, name, before.facts.get(name), after.facts.get(name)) for name in names]


def _change(drill: str, figure: str, before: float | None, after: float | None) -> Change:
    if before is None or after is None:
        return Change(drill, figure, before, after, None, worse=False)
    times, plus = BOUNDS[figure]
    bound = round(before * times + plus, 3)
    return Change(drill, figure, before, after, bound, worse=after > bound)


def write(comparison: Comparison, path: Path) -> Path:
    """Write the page."""
    page = environment().get_template("compare.html").render(comparison=comparison, bounds=BOUNDS)
    path.write_text(page, encoding="utf-8")
    return path
