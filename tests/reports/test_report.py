"""The page of a run: what it says first, what it survives, what it never does."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import journal
import pytest

from reports.record import RecordError, load
from reports.render import write
from reports.timeline import MAX_BUCKETS, MAX_EVENTS, bands, buckets, fault_windows, pages, rows

THREE = {"auth_401": "pass", "server_errors_5xx": "pass", "timeouts": "pass"}


def page(run) -> str:
    return write(run).read_text()


@pytest.mark.parametrize(
    ("drills", "finished", "headline"),
    [
        (THREE, True, "3 of 3 drills passed"),
        ({**THREE, "timeouts": "fail"}, True, "2 of 3 drills passed; timeouts failed"),
        ({"auth_401": "inconclusive"}, True, "0 of 1 drills passed; auth_401 inconclusive"),
        (THREE, False, "The run did not finish: 3 of 3 drills had passed"),
        ({}, True, "No drill ran"),
    ],
)
def test_the_verdict_comes_first(tmp_path, drills, finished, headline):
    html = page(journal.write(tmp_path, drills, finished=finished))
    assert f"<title>{headline}" in html
    assert f"<h1>{headline}.</h1>" in html


def test_what_is_wrong_is_the_second_line(tmp_path):
    html = page(journal.write(tmp_path, {**THREE, "timeouts": "fail"}))
    assert '<p class="subline">timeouts fail: as told.</p>' in html
    html = page(journal.write(tmp_path, THREE))
    assert '<p class="subline">At worst: to downgrade 0.31 s' in html


def test_one_self_contained_file_of_modest_size(tmp_path):
    html = page(journal.write(tmp_path, THREE))
    assert len(html) < 150_000
    assert "<script" not in html
    references = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", html)
    assert references == ["journal.ndjson"]
    assert "http" not in html


def test_the_page_of_a_busy_minute_stays_small_and_says_what_it_left_out(tmp_path):
    """200 answers a second of every kind, a third of them hit, a probe and a switch every half second."""
    minute = journal.minute(tmp_path)
    html = page(minute)
    assert len(html.encode()) < 150_000
    assert (minute / "journal.ndjson").stat().st_size > 2_000_000
    (drill,) = load(minute).drills
    assert sum(b.with_memory + b.without_memory + b.errors for b in buckets(drill)) == 12_000
    assert len(buckets(drill)) <= MAX_BUCKETS
    left_out = len(rows(drill)) - MAX_EVENTS
    assert left_out > 0
    assert f'and {left_out} more, in the <a href="journal.ndjson">journal</a>' in html


def test_events_that_repeat_are_one_row(tmp_path):
    run = journal.write(tmp_path, {"auth_401": "pass"}, finished=False)
    with (run / "journal.ndjson").open("a") as file:
        for n in range(500):
            hit = {"t": 10 + n / 100, "kind": "fault_hit", "drill": "auth_401", "name": "drill-again"}
            file.write(json.dumps(hit) + "\n")
    (row,) = (row for row in rows(load(run).drills[0]) if row.count > 1)
    assert (row.kind, row.at, row.until, row.count) == ("fault_hit", 10, 14.99, 500)
    assert "fault hit, 500 times until 14.99 s <code>drill-again</code>" in page(run)


def test_the_same_journal_makes_the_same_bytes(tmp_path):
    run = journal.write(tmp_path, THREE)
    assert page(run) == page(run)


def test_tiles_checks_and_the_way_to_repeat_are_there(tmp_path):
    html = page(journal.write(tmp_path, {"auth_401": "pass"}))
    assert "<b>0.31 s</b> <span>to downgrade</span>" in html
    assert "reads reached Zep while degraded" not in html  # not in the facts
    assert re.search(r'<th scope="row">downgrade</th><td>0.31 s</td><td>2 s</td>', html)
    assert "pytest -m drill --drill-seed 7" in html


def test_journal_text_is_never_markup(tmp_path):
    evil = '"><script>alert(1)</script>'
    html = page(journal.write(tmp_path, {evil: "pass"}, worker=evil))
    assert "<script" not in html
    HTMLParser().feed(html)


def test_a_line_cut_short_by_a_kill_is_told(tmp_path):
    run = journal.write(tmp_path, THREE, finished=False)
    with (run / "journal.ndjson").open("a") as file:
        file.write('{"t": 99.1, "ki')
    assert "cut short" in page(run)


@pytest.mark.parametrize("content", [None, "", "{}", "nonsense\n{}", '{"kind":"run","schema":2}'])
def test_what_is_not_our_journal_is_one_clear_line(tmp_path, content):
    if content is not None:
        (tmp_path / "journal.ndjson").write_text(content)
    with pytest.raises(RecordError) as error:
        load(tmp_path)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_the_timeline_shows_what_happened(tmp_path):
    (drill,) = load(journal.write(tmp_path, {"auth_401": "pass"})).drills
    assert [band.mode for band in bands(drill, "4711")] == ["read_write", "write_only", "read_write"]
    assert fault_windows(drill) == [(2.01, 5)]
    assert sum(b.with_memory + b.without_memory + b.errors for b in buckets(drill)) == 600
    assert {b.with_memory for b in buckets(drill) if 3 < b.at < 6} == {0}


def test_the_depth_of_an_outbox_is_drawn_over_time_where_a_drill_looked(tmp_path):
    run = journal.write(tmp_path, {"auth_401": "pass"}, finished=False)
    assert "outbox" not in page(run)
    with (run / "journal.ndjson").open("a") as file:
        for at, depth in ((0.5, 0), (1.0, 54), (1.5, 0)):
            looked = {"t": at, "kind": "metrics", "drill": "auth_401", "at": "depth", "values": {"d": depth}}
            file.write(json.dumps(looked) + "\n")
    html = page(run)
    assert "top 54 waiting" in html
    assert len(re.search(r'class="depth" points="([^"]+)"', html)[1].split()) == 3
    assert "writes waiting in the outbox" in html


def test_pages_are_on_the_timeline_in_words_each_until_it_was_resolved(tmp_path):
    run = journal.write(tmp_path, {"auth_401": "pass"})
    assert "pages" not in page(run)
    told = [
        (0.5, "MemoryDowngraded", "critical", "trigger"),
        (0.6, "MemoryRestored", "info", "trigger"),
        (1.5, "MemoryDowngraded", "critical", "resolve"),
    ]
    with (run / "journal.ndjson").open("a") as file:
        for at, name, severity, action in told:
            line = {"t": at, "kind": "alert", "drill": "auth_401", "name": name, "key": name}
            file.write(json.dumps({**line, "severity": severity, "action": action}) + "\n")
        facts = {"downgrade_s": 0.1, "pages": 2, "page_s": 0.4}
        verdict = {"kind": "verdict", "drill": "auth_401", "verdict": "pass", "facts": facts}
        file.write(json.dumps({**verdict, "sentence": "s", "checks": []}) + "\n")
    html = page(run)
    assert "critical page: MemoryDowngraded<" in html
    assert "info page: MemoryRestored, not resolved<" in html
    assert html.count('<circle class="page ') == 2
    assert re.search(r"<desc>[^<]*critical page: MemoryDowngraded at", html), "for who cannot see it"
    assert "<b>2</b><span>pages fired</span>" in re.sub(r"\s*(<[^>]+>)\s*", r"\1", html)
    (drill,) = load(run).drills
    assert [(p.since, p.until) for p in pages(drill)] == [(0.5, 1.5), (0.6, None)]
