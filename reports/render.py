"""A run as one self-contained HTML page: no script, no request, the same bytes for the same journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.charts import timeline
from reports.record import UNFINISHED, DrillRecord, Run, load
from reports.timeline import marks

PAGE = "index.html"
WORDS = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
MS_BELOW_S = 0.1
TILES = (
    ("downgrade_s", "to downgrade", "s"),
    ("recover_s", "to recover", "s"),
    ("user_errors", "user-visible errors", ""),
    ("degraded_p95_ms", "p95 while degraded", "ms"),
    ("reads_while_degraded", "reads reached Zep while degraded", ""),
    ("probes", "probes", ""),
)


def write(run: Path) -> Path:
    """Render ``run/journal.ndjson`` to ``run/index.html``; raise RecordError when it cannot be read."""
    page = run / PAGE
    page.write_text(page_of(load(run)), encoding="utf-8")
    return page


def page_of(run: Run) -> str:
    """Return the page of a run."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(timeline=timeline, marks=marks, tiles=tiles, word=word, figure=figure)
    return environment.get_template("run.html").render(run=run, headline=headline(run), subline=subline(run))


def headline(run: Run) -> str:
    """Return the one sentence that somebody reads at 3 a.m."""
    total = len(run.drills)
    passed = [d for d in run.drills if d.verdict["verdict"] == "pass"]
    if run.verdict == UNFINISHED:
        return f"The run did not finish: {len(passed)} of {total} drills had passed"
    if total and len(passed) == total:
        return f"{total} of {total} drills passed"
    others = (f"{d.name} {word(str(d.verdict['verdict']))}" for d in run.drills if d not in passed)
    return f"{len(passed)} of {total} drills passed; " + ", ".join(others) if total else "No drill ran"


def subline(run: Run) -> str:
    """Return what is wrong first of all, or else the slowest figures of the run."""
    wrong = next((d for d in run.drills if d.verdict["verdict"] != "pass"), None)
    if wrong:
        return str(wrong.verdict["sentence"])
    said = []
    for name, label, unit in TILES[:3]:
        values = [d.verdict["facts"].get(name) for d in run.drills]
        known = [value for value in values if value is not None]
        if known:
            said.append(f"{label} {figure(max(known), unit)}")
    return "At worst: " + ", ".join(said) if said else ""


def tiles(drill: DrillRecord) -> list[tuple[str, str]]:
    """Return (figure, label) of a drill; a figure that is missing shows as a dash."""
    facts: dict[str, Any] = drill.verdict["facts"]
    return [(figure(facts.get(name), unit), label) for name, label, unit in TILES]


def figure(value: object, unit: str = "") -> str:
    """Return a number as people read it: three digits that matter, with its unit."""
    if value is None:
        return "\N{EN DASH}"
    if unit == "s" and isinstance(value, (int, float)) and 0 < value < MS_BELOW_S:
        return f"{value * 1000:.0f} ms"
    shown = str(value) if isinstance(value, (str, int)) else f"{value:.3g}"
    return f"{shown} {unit}".strip()


def word(verdict: str) -> str:
    """Return a verdict as a word of a sentence."""
    return WORDS.get(verdict, verdict)
