"""The page of a run: what it says first, what it survives, what it never does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import journal
import pytest

from reports.record import RecordError, load
from reports.render import write
from reports.timeline import bands, buckets, fault_windows

MEASURE = """<script>
document.title = document.documentElement.scrollWidth + ":" + performance.getEntriesByType("resource").length
</script>"""
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    "--allow-file-access-from-files",
]
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


def test_a_phone_needs_no_sideways_scrolling(tmp_path):
    """In a real browser: at 390 px the page itself is no wider, and nothing is loaded from anywhere."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("no chromium on PATH")
    html = page(journal.write(tmp_path, THREE))
    framed = tmp_path / "framed.html"
    (tmp_path / "copy.html").write_text(html.replace("</body>", f"{MEASURE}</body>"))
    framed.write_text(
        '<iframe src="copy.html" width="390" height="800" style="border:0"></iframe>'
        "<script>onload=()=>{document.body.dataset.seen=frames[0].document.title}</script>"
    )
    argv = [str(chromium), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", framed.as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert re.search(r'data-seen="390:0"', done.stdout), done.stdout[-300:]
