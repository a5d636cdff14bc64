"""What outlives a run's journal in a glance: verdicts and figures, a few kilobytes beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reports.record import RecordError, Run

FILE = "summary.json"


@dataclass(frozen=True, slots=True)
class DrillSummary:
    """One drill of one run; `facts` are figures by name, units last."""

    name: str
    verdict: str
    sentence: str
    facts: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Summary:
    """One run."""

    run: str
    wall: str
    verdict: str
    target: str
    git: str
    drills: list[DrillSummary]

    def drill(self, name: str) -> DrillSummary | None:
        return next((drill for drill in self.drills if drill.name == name), None)


def summarise(run: Run) -> Summary:
    """Return the summary of a run."""
    header = run.header
    drills = [
        DrillSummary(d.name, str(d.verdict["verdict"]), str(d.verdict["sentence"]), dict(d.verdict["facts"]))
        for d in run.drills
    ]
    target = str((header.get("target") or {}).get("name", ""))
    wall, git = str(header.get("wall", "")), str(header.get("git") or "")
    return Summary(str(header.get("run", "")), wall, run.verdict, target, git, drills)


def keep(folder: Path, summary: Summary) -> None:
    """Write it beside the journal."""
    (folder / FILE).write_text(json.dumps(asdict(summary)), encoding="utf-8")


def recall(folder: Path) -> Summary:
    """Read it back; raise RecordError when there is none."""
    try:
        raw: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Summary(**{**raw, "drills": [DrillSummary(**drill) for drill in raw["drills"]]})
    except (OSError, ValueError, TypeError, KeyError):
        raise RecordError(f"no summary in {folder}: give the folder of a run that was finished") from None
