"""Journal lines of one drill as Allure's steps and attachments; nothing is looked up elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from allure_commons.model2 import Parameter, Status, StatusDetails, TestStepResult

from drills.checks.check import Check, Result
from drills.history import Line
from drills.sentence import complaint
from reports.page import figure
from reports.record import Run, load
from reports.render import page_of

STATUS = {
    Result.PASS: Status.PASSED,
    Result.FAIL: Status.FAILED,
    Result.INCONCLUSIVE: Status.BROKEN,
}
"""Allure's `broken` is a test that could not judge: what we call inconclusive."""
EVENTS = {
    *("fault_applied", "fault_hit", "fault_healed", "heal_verified", "probe", "mode"),
    *("turn", "operated", "stop", "lacks", "note"),
}
TELLING = ("name", "worker", "mode", "status", "reason", "text")
"""Fields of an event that its step shows."""

Attached = tuple[str, str, str, str]
"""Name, media type, file ending, text."""


class Told:
    """What the journal tells of one drill; falsy when it tells nothing.  Times: ms since 1970."""

    def __init__(self, lines: Sequence[Line]) -> None:
        last = max((n for n, line in enumerate(lines) if line.get("kind") == "drill"), default=0)
        self.lines = lines[last:]  # a drill that ran twice has two beginnings
        self._verdict = next((line for line in self.lines if line.get("kind") == "verdict"), {})
        first = self.lines[0] if self.lines else {}
        self._t0_ms = _wall_ms(first) - 1000 * first["t"] if self.lines else 0.0
        self.checks = [
            Check(**{**check, "result": Result(check["result"])}) for check in self._verdict.get("checks", [])
        ]

    def __bool__(self) -> bool:
        return bool(self.lines)

    @property
    def began_ms(self) -> int:
        return self._at_ms(self.lines[0])

    @property
    def ended_ms(self) -> int:
        return max(map(self._at_ms, self.lines))

    @property
    def sentence(self) -> str:
        return str(self._verdict.get("sentence", ""))

    @property
    def status(self) -> str | None:
        """Return Allure's word; None where no verdict was reached."""
        return STATUS[Result(self._verdict["verdict"])] if self._verdict else None

    @property
    def complaints(self) -> list[str]:
        """Return the sentence, and each check that did not pass when they are several; empty when all did."""
        bad = [f"{c.result}: {complaint(c)}" for c in self.checks if c.result is not Result.PASS]
        return [self.sentence, *(bad if len(bad) > 1 else [])] if bad else []

    def steps(self) -> list[TestStepResult]:
        """Return the phases with what happened in each, then the checks."""
        phases = [line for line in self.lines if line.get("kind") == "phase"]
        edges = pairwise([*map(self._at_ms, phases), self.ended_ms])
        steps = [self._phase(line, *edge) for line, edge in zip(phases, edges, strict=True)]
        return [*steps, self._judged()] if self.checks else steps

    def attachments(self, run: Path, drill: str) -> Iterator[Attached]:
        """Yield the drill's own page, its journal, and the metrics as they were."""
        yield "report", "text/html", "html", _page(run, drill)
        journal = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in self.lines)
        yield "journal", "application/x-ndjson", "ndjson", journal
        for line in self.lines:
            if line.get("kind") == "metrics":
                text = "".join(f"{name} {value:g}\n" for name, value in sorted(line["values"].items()))
                yield f"metrics {line['at']}", "text/plain", "txt", text

    def _phase(self, phase: Line, begin_ms: int, end_ms: int) -> TestStepResult:
        events = (line for line in self.lines if line.get("kind") in EVENTS)
        within = [line for line in events if begin_ms <= self._at_ms(line) < end_ms]
        within.sort(key=self._at_ms)
        steps = [self._event(title, list(lines)) for title, lines in groupby(within, key=_title)]
        return _step(str(phase["phase"]), begin_ms, end_ms, steps=steps)

    def _event(self, title: str, lines: list[Line]) -> TestStepResult:
        """Return events in a row that say the same as one step: a fault hits hundreds of times."""
        name = f"{title}, {len(lines)} times" if len(lines) > 1 else title
        return _step(name, self._at_ms(lines[0]), self._at_ms(lines[-1]))

    def _judged(self) -> TestStepResult:
        at_ms = self._at_ms(self._verdict)
        steps = [_check(check, at_ms) for check in self.checks]
        return _step("checks", at_ms, at_ms, status=self.status, steps=steps)

    def _at_ms(self, line: Line) -> int:
        return round(self._t0_ms + 1000 * float(line["t"]))


def _title(event: Line) -> str:
    shown = " ".join(str(event[key]) for key in TELLING if event.get(key) is not None)
    return f"{event['kind'].replace('_', ' ')} {shown}".strip()


def _check(check: Check, at_ms: int) -> TestStepResult:
    known = {"measured": check.measured, "budget": check.budget}
    shown = {name: figure(value, check.unit) for name, value in known.items() if value is not None}
    told = " against ".join(shown.values())
    details = StatusDetails(message=complaint(check)) if check.result is not Result.PASS else None
    return _step(
        f"{check.name}: {told}" if told else check.name,
        at_ms,
        at_ms,
        status=STATUS[check.result],
        statusDetails=details,
        parameters=[Parameter(name=name, value=value) for name, value in shown.items()],
    )


def _step(name: str, start_ms: int, stop_ms: int, **fields: Any) -> TestStepResult:
    return TestStepResult(
        name=name, stage="finished", start=start_ms, stop=stop_ms, **{"status": Status.PASSED, **fields}
    )


def _page(run: Path, drill: str) -> str:
    """Return the page that a run of this drill alone would have."""
    record = load(run)
    (alone,) = (found for found in record.drills if found.name == drill)
    return page_of(Run(record.header, [alone], str(alone.verdict["verdict"]), None, truncated=False))


def _wall_ms(line: Line) -> float:
    return datetime.fromisoformat(line["wall"]).timestamp() * 1000
