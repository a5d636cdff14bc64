"""All runs of a folder on one page: the last verdict of each drill, its age and its trend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from reports.page import environment
from reports.record import RecordError
from reports.summary import FILE, DrillSummary, Summary, recall

PAGE = "index.html"
KEPT = 50
"""Runs that are shown; older ones stay on disk."""
TRENDS = (("downgrade_s", "to downgrade"), ("recover_s", "to recover"))
SPARK_W, SPARK_H = 120, 24
UNITS_S = ((86400, "day"), (3600, "hour"), (60, "minute"))


@dataclass(frozen=True, slots=True)
class Row:
    """One drill over all runs, newest last."""

    name: str
    seen: list[tuple[Summary, DrillSummary]]

    @property
    def last(self) -> tuple[Summary, DrillSummary]:
        return self.seen[-1]

    def figures(self, fact: str) -> list[float]:
        """Return a figure's values that are known, oldest first."""
        values = (drill.facts.get(fact) for _, drill in self.seen)
        return [value for value in values if value is not None]


def write(out: Path, now: datetime | None = None) -> Path:
    """Write ``out/index.html`` from the summaries of its runs; returns its path."""
    runs = runs_of(out)
    rows = rows_of(runs)
    page = (
        environment()
        .get_template("index.html")
        .render(
            runs=runs[::-1],
            rows=rows,
            trends=TRENDS,
            spark=spark,
            age=lambda wall: age(wall, now or datetime.now(UTC)),
        )
    )
    path = out / PAGE
    path.write_text(page, encoding="utf-8")
    return path


def runs_of(out: Path) -> list[Summary]:
    """Return the newest runs, oldest first; what cannot be read is no run."""
    found = []
    for file in sorted(out.glob(f"*/{FILE}")):
        if not file.parent.is_symlink():
            try:
                found.append(recall(file.parent))
            except RecordError:
                continue
    return found[-KEPT:]


def rows_of(runs: list[Summary]) -> list[Row]:
    """Return each drill with its runs, those whose last verdict is worst first."""
    seen: dict[str, list[tuple[Summary, DrillSummary]]] = {}
    for run in runs:
        for drill in run.drills:
            seen.setdefault(drill.name, []).append((run, drill))
    rows = [Row(name, found) for name, found in seen.items()]
    return sorted(rows, key=lambda row: (row.last[1].verdict == "pass", row.name))


def age(wall: str, now: datetime) -> str:
    """Say how long ago a run was, in the largest unit that fits."""
    try:
        passed_s = (now - datetime.fromisoformat(wall)).total_seconds()
    except (ValueError, TypeError):
        return "at an unknown time"
    for unit_s, name in UNITS_S:
        if passed_s >= unit_s:
            count = int(passed_s // unit_s)
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def spark(values: list[float]) -> Markup:
    """Return a trend as a small line; two values at least make one."""
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return Markup("")
    top = max(values) or 1.0
    step = SPARK_W / (len(values) - 1)
    points = " ".join(
        f"{n * step:.1f},{SPARK_H - 2 - (SPARK_H - 4) * v / top:.1f}" for n, v in enumerate(values)
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">'
        '<polyline points="{points}"/></svg>'
    ).format(w=SPARK_W, h=SPARK_H, label=f"{len(values)} runs, at most {top:.2f} s", points=points)
