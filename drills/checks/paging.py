"""Was somebody paged who should have been, and nobody else?"""

from __future__ import annotations

from drills.checks.check import Check, Result, Subject, at_most, fact
from drills.evidence import Line

RESOLVE_S = 10.0
"""From reads that are back to the page's end: 3.3 s for an increase over 10 minutes at drill speed, and the
way through Prometheus and Alertmanager."""

DRILLS = "drill"
"""The receiver of what fires while a run holds the gateway."""


def paged(subject: Subject) -> Check:
    """The page came in time, with the severity that wakes somebody."""
    name, wanted = "paged", subject.drill.pages
    assert wanted is not None  # noqa: S101 - asked only of drills that page
    page = subject.evidence.first("alert", name=wanted.alert, action="trigger")
    if page is None:
        others = sorted({str(line["name"]) for line in triggered(subject)})
        seen = f"only {', '.join(others)}" if others else "nobody was paged"
        return Check(name, Result.FAIL, None, wanted.within_s, "s", f"no page {wanted.alert}: {seen}")
    if page["severity"] != wanted.severity:
        why = f"{wanted.alert} paged as {page['severity']}, not {wanted.severity}"
        return Check(name, Result.FAIL, page["severity"], wanted.severity, why=why)
    return at_most(name, page_s(subject), wanted.within_s, "s", missing="no fault hit before the page")


def paged_once(subject: Subject) -> Check:
    """One incident is one page, however many workers tell of it."""
    wanted = subject.drill.pages
    assert wanted is not None  # noqa: S101 - the same
    count = sum(line["name"] == wanted.alert for line in triggered(subject))
    return at_most("paged_once", count, 1, "pages", missing="")


def page_resolved(subject: Subject) -> Check:
    """The page ended by itself when reads were back."""
    wanted, back_at = subject.drill.pages, subject.evidence.restored_at
    assert wanted is not None  # noqa: S101 - the same
    ended = [
        float(line["t"])
        for line in subject.evidence.of("alert")
        if (line["name"], line["action"]) == (wanted.alert, "resolve")
    ]
    took_s = max(0.0, max(ended) - back_at) if ended and back_at is not None else None
    return at_most("page_resolved", took_s, RESOLVE_S, "s", missing=f"{wanted.alert} was never resolved")


def on_call_spared(subject: Subject) -> Check:
    """What a drill sets off goes to the receiver for drills, where the pager tells one from another."""
    woken = sorted(
        f"{line['name']} to {line['to']}" for line in triggered(subject) if line["to"] not in ("", DRILLS)
    )
    return fact("on_call_spared", holds=not woken, expected=DRILLS, why="; ".join(woken))


def pages_nobody(subject: Subject) -> Check:
    """No page of any severity."""
    told = sorted({f"{line['name']} ({line['severity']})" for line in triggered(subject)})
    return fact("pages_nobody", holds=not told, expected="none", why="paged for nothing: " + ", ".join(told))


def triggered(subject: Subject) -> list[Line]:
    """Return the pages, resolves left out."""
    return [line for line in subject.evidence.of("alert") if line["action"] == "trigger"]


def page_s(subject: Subject) -> float | None:
    """Return the seconds from the fault's first hit to the page."""
    wanted, hits = subject.drill.pages, subject.evidence.hits
    page = wanted and subject.evidence.first("alert", name=wanted.alert, action="trigger")
    return float(page["t"]) - hits[0] if page and hits else None
