"""A run as one self-contained HTML page: no script, no request, the same bytes for the same journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports import index
from reports.charts import timeline
from reports.page import environment, figure, word
from reports.record import UNFINISHED, DrillRecord, Run, load
from reports.summary import keep, summarise
from reports.timeline import MAX_EVENTS, rows

PAGE = "index.html"
OPEN = 6
"""Up to so many drills are all shown at length; of more only those that did not pass."""
TILES = (
    ("downgrade_s", "to downgrade", "s"),
    ("recover_s", "to recover", "s"),
    ("user_errors", "user-visible errors", ""),
    ("degraded_p95_ms", "p95 while degraded", "ms"),
    ("reads_while_degraded", "reads reached Zep while degraded", ""),
    ("probes", "probes", ""),
    ("downgrades", "downgrades", ""),
    ("p95_ms", "p95 meanwhile", "ms"),
    ("hits", "requests hit", ""),
    ("waited", "writes waited", ""),
    ("emptied_s", "until Zep had them all", "s"),
    ("pages", "pages fired", ""),
    ("page_s", "to the page", "s"),
    ("turns", "turns", ""),
    ("slowest_ms", "the slowest answer", "ms"),
)


def write(run: Path) -> Path:
    """Render ``run/journal.ndjson`` to ``run/index.html``; raise RecordError when it cannot be read."""
    record, page = load(run), run / PAGE
    page.write_text(page_of(record), encoding="utf-8")
    keep(run, summarise(record))
    return page


def publish(run: Path) -> Path:
    """Render a run and the index of all runs beside it; returns the page of the run."""
    page = write(run)
    index.write(run.parent)
    return page


def page_of(run: Run) -> str:
    """Return the page of a run."""
    templates = environment()
    templates.globals.update(timeline=timeline, rows=rows, max_events=MAX_EVENTS, tiles=tiles)
    return templates.get_template("run.html").render(
        run=run,
        drills=sorted(
            run.drills, key=lambda drill: bool(drill.verdict["verdict"] == "pass")
        ),  # the rest first
        headline=headline(run),
        subline=subline(run),
        short=len(run.drills) <= OPEN,
    )


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
    """Return (figure, label) of a drill; a figure that should be there and is not shows as a dash."""
    facts: dict[str, Any] = drill.verdict["facts"]
    asked = [tile for tile in TILES if tile[0] in facts] or TILES[:6]
    return [(figure(facts.get(name), unit), label) for name, label, unit in asked]
