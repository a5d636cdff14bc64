"""The index of all runs, and a run beside a baseline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import journal
import pytest

from reports import comparison, index
from reports.record import RecordError
from reports.render import publish
from reports.summary import DrillSummary, Summary, recall

NOW = datetime(2026, 1, 3, tzinfo=UTC)


def run(out, name, drills):
    folder = out / name
    folder.mkdir(parents=True)
    publish(journal.write(folder, drills))
    return folder


def test_the_index_has_the_last_verdict_of_each_drill_worst_first(tmp_path):
    run(tmp_path, "20260101T000000Z-aaaa", {"auth_401": "fail", "timeouts": "pass"})
    run(tmp_path, "20260102T000000Z-bbbb", {"auth_401": "pass", "timeouts": "fail"})
    html = (tmp_path / "index.html").read_text()
    assert "1 of 2 drills did not pass when last run" in html
    assert html.index(">timeouts<") < html.index(">auth 401<")
    assert "<script" not in html
    assert len(html) < 150_000


def test_a_link_to_the_latest_run_is_not_a_run_of_its_own(tmp_path):
    folder = run(tmp_path, "20260101T000000Z-aaaa", {"auth_401": "pass"})
    (tmp_path / "latest").symlink_to(folder.name, target_is_directory=True)
    assert len(index.runs_of(tmp_path)) == 1


def test_what_cannot_be_read_is_left_out(tmp_path):
    folder = run(tmp_path, "20260101T000000Z-aaaa", {"auth_401": "pass"})
    (folder / "summary.json").write_text("{")
    assert index.runs_of(tmp_path) == []
    assert "No run yet" in index.write(tmp_path).read_text()


@pytest.mark.parametrize(
    ("wall", "words"),
    [
        ("2026-01-02T23:59:30Z", "just now"),
        ("2026-01-02T23:30:00Z", "30 minutes ago"),
        ("2026-01-01T00:00:00Z", "2 days ago"),
        ("", "at an unknown time"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(wall, words):
    assert index.age(wall, NOW) == words


def test_a_trend_needs_two_runs():
    assert index.spark([0.1]) == ""
    assert "2 runs, at most 0.20 s" in index.spark([0.1, 0.2])


# comparison

FACTS = {"downgrade_s": 0.05, "recover_s": 0.1, "user_errors": 0, "degraded_p95_ms": 10.0}
BASELINE = Summary("a", "", "pass", "local", "abc", [DrillSummary("auth_401", "pass", "", dict(FACTS))])


def changed(**facts):
    return replace(BASELINE, run="b", drills=[DrillSummary("auth_401", "pass", "", {**FACTS, **facts})])


def test_what_stays_within_the_noise_is_no_regression():
    assert comparison.compared(BASELINE, changed(downgrade_s=0.17, degraded_p95_ms=39.0)).regressions == []


@pytest.mark.parametrize(
    ("figure", "value"),
    [("downgrade_s", 0.18), ("recover_s", 0.5), ("user_errors", 1), ("degraded_p95_ms", 41.0)],
)
def test_what_goes_beyond_it_is_named_with_both_figures(figure, value):
    (line,) = comparison.compared(BASELINE, changed(**{figure: value})).regressions
    assert line.startswith(f"auth_401: {figure} {value:g}, was {FACTS[figure]:g}, up to ")


def test_a_drill_that_passed_and_does_not_is_a_regression():
    lost = replace(BASELINE, drills=[replace(BASELINE.drills[0], verdict="inconclusive")])
    assert comparison.compared(BASELINE, lost).regressions == ["auth_401: passed before, and does not now"]


def test_drills_of_one_run_only_are_not_compared(tmp_path):
    other = replace(BASELINE, drills=[replace(BASELINE.drills[0], name="timeouts")])
    found = comparison.compared(BASELINE, other)
    assert (found.common, found.regressions) == ([], [])


def test_the_page_says_it_first(tmp_path):
    page = comparison.write(comparison.compared(BASELINE, changed(recover_s=9.0)), tmp_path / "c.html")
    assert "<h1>1 regression.</h1>" in page.read_text()


def test_a_folder_without_a_summary_is_one_line(tmp_path):
    with pytest.raises(RecordError, match="give the folder of a run that was finished"):
        recall(tmp_path)
