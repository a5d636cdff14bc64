"""A finished run on disk, as data: the journal's lines by drill."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JOURNAL = "journal.ndjson"
SCHEMA = 1
UNFINISHED = "did not finish"

Line = dict[str, Any]


class RecordError(Exception):
    """The journal cannot be read; one line."""


@dataclass
class DrillRecord:
    """One drill: its journal lines by kind, in order."""

    name: str
    title: str = ""
    why: str = ""
    phases: list[Line] = field(default_factory=list)
    requests: list[Line] = field(default_factory=list)
    events: list[Line] = field(default_factory=list)
    """Faults armed, applied, hit, healed; probes; pages; notes."""
    modes: list[Line] = field(default_factory=list)
    depths: list[tuple[float, float]] = field(default_factory=list)
    """How many writes waited in the guard's outbox, and when; where a drill looked."""
    verdict: Line = field(
        default_factory=lambda: {"verdict": UNFINISHED, "sentence": "", "checks": [], "facts": {}}
    )
    until: float = 0.0

    @property
    def since(self) -> float:
        """When the first phase began, or the first request arrived; seconds of the run."""
        return min((float(line["t"]) for line in (*self.phases[:1], *self.requests[:1])), default=0.0)

    @property
    def workers(self) -> list[str]:
        """Processes that answered, by id."""
        return sorted({str(line["worker"]) for line in self.requests if line.get("worker")})


@dataclass
class Run:
    """A whole run."""

    header: Line
    drills: list[DrillRecord]
    verdict: str
    exit_code: int | None
    truncated: bool


def load(run: Path) -> Run:
    """Read ``run/journal.ndjson``; raise RecordError when there is none or it is not one of ours."""
    lines, truncated = _lines(run / JOURNAL)
    header = lines[0] if lines else {}
    if header.get("kind") != "run" or header.get("schema") != SCHEMA:
        raise RecordError(
            f"{run / JOURNAL} is not a journal of schema {SCHEMA}: its first line is no run line"
        )
    drills = _drills(lines[1:])
    last = next((line for line in lines if line.get("kind") == "verdict" and line.get("drill") is None), {})
    return Run(header, drills, str(last.get("verdict", UNFINISHED)), last.get("exit_code"), truncated)


def _lines(journal: Path) -> tuple[list[Line], bool]:
    """Return the lines, and whether the last one was cut short, as a kill leaves it."""
    try:
        raw = journal.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise RecordError(f"no journal at {journal} ({error.strerror}): give the folder of a run") from None
    lines: list[Line] = []
    for number, text in enumerate(raw, 1):
        try:
            lines.append(json.loads(text))
        except ValueError:
            if number == len(raw):
                return lines, True
            raise RecordError(f"{journal} line {number} is not JSON") from None
    return lines, False


def _drills(lines: Iterable[Line]) -> list[DrillRecord]:
    found: dict[str, DrillRecord] = {}
    for line in lines:
        name = line.get("drill")
        if name is not None:
            _file(found.setdefault(str(name), DrillRecord(str(name))), line)
    return list(found.values())


def _file(drill: DrillRecord, line: Line) -> None:
    drill.until = max(drill.until, float(line.get("t", 0.0)) + float(line.get("ms") or 0.0) / 1000)
    match line.get("kind"):
        case "drill":
            drill.title, drill.why = str(line.get("title", "")), str(line.get("why", ""))
        case "phase":
            drill.phases.append(line)
        case "request":
            drill.requests.append(line)
        case "mode":
            drill.modes.append(line)
        case "metrics" if line.get("at") == "depth":
            drill.depths.append((float(line["t"]), sum(line["values"].values())))
        case "verdict":
            drill.verdict = {**drill.verdict, **line}
        case (
            "fault_armed"
            | "fault_applied"
            | "fault_hit"
            | "fault_healed"
            | "heal_verified"
            | "probe"
            | "alert"
            | "note"
        ):
            drill.events.append(line)
