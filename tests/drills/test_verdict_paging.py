"""Pages are judged by the journal: hand-made ones that tests bend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.checks.check import Result
from drills.evidence import Evidence
from drills.scenario import NOBODY, Pages
from drills.target import Budgets
from drills.verdict import judge

from .conftest import HOLD_S, sound

NAME = "MemoryDowngraded"
HIT, BACK = 1.021, 3.1


def paged(at=1.5, until=3.6, name=NAME, severity="critical", to="drill"):
    story = sound()
    story = replace(story, drill=replace(story.drill, pages=Pages(alert=NAME)))
    page = {"name": name, "severity": severity, "key": "k", "to": to, "summary": "s"}
    for t, action in ((at, "trigger"), (until, "resolve")):
        story = story.add("alert", t, action=action, **page) if t is not None else story
    return story


def verdict(story):
    return judge(story.lines(), story.drill, Budgets(), HOLD_S)


def failed(story):
    return [check.name for check in verdict(story).checks if check.result is not Result.PASS]


def test_a_page_in_time_that_ends_passes_and_is_told():
    found = verdict(paged())
    assert failed(paged()) == []
    assert f"{NAME} paged as critical in 0.48 s, and ended" in found.sentence
    assert (found.facts["pages"], found.facts["page_s"]) == (1, pytest.approx(1.5 - HIT))


@pytest.mark.parametrize(
    ("bent", "check", "why"),
    [
        ({"at": HIT + 5.1, "until": 7.0}, "paged", "5.1 s against 5.0 s"),
        ({"at": None, "until": None}, "paged", "nobody was paged"),
        ({"severity": "warning"}, "paged", "paged as warning, not critical"),
        ({"name": "Other"}, "paged", "only Other"),
        ({"to": "pagerduty"}, "on_call_spared", "MemoryDowngraded to pagerduty"),
        ({"until": None}, "page_resolved", "never resolved"),
        ({"until": BACK + 10.5}, "page_resolved", "against 10.0 s"),
    ],
)
def test_what_is_wrong_with_a_page_is_said(bent, check, why):
    assert check in failed(paged(**bent))
    assert any(why in line for line in verdict(paged(**bent)).complaints())


def test_two_pages_for_one_incident_are_one_too_many():
    story = paged().add(
        "alert", 1.6, action="trigger", name=NAME, severity="critical", key="other", to="drill"
    )
    assert failed(story) == ["paged_once"]


def test_pages_of_other_names_beside_it_are_no_fault():
    story = paged().add(
        "alert", 3.2, action="trigger", name="MemoryRestored", severity="info", key="r", to="drill"
    )
    assert failed(story) == []
    assert verdict(story).facts["pages"] == 2


@pytest.mark.parametrize("severity", ["critical", "info"])
def test_where_nobody_may_be_paged_a_page_of_any_severity_is_one_too_many(severity):
    story = paged(severity=severity)
    story = replace(story, drill=replace(story.drill, pages=NOBODY))
    assert failed(story) == ["pages_nobody"]
    assert f"{NAME} ({severity})" in verdict(story).sentence
    assert "pages_nobody" not in failed(replace(sound(), drill=story.drill))


def test_a_drill_that_says_nothing_of_pages_is_not_asked():
    story = sound()
    assert "pages" not in verdict(story).facts
    assert not any("page" in check.name for check in verdict(story).checks)
    assert not list(Evidence(story.lines(), HOLD_S).of("alert"))
