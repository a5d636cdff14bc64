"""Every page in a real browser: readable for all, on a phone and on a desk, light and dark."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import browser
import journal
import pytest

from reports import comparison, index
from reports.render import write
from reports.summary import recall

DRILLS = {"auth_401": "pass", "server_errors_5xx": "fail", "timeouts": "inconclusive"}
MANY = {f"drill_{n}": "pass" for n in range(8)}
WIDTHS = (390, 1280)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a short run and of a long one, the index of both, and how they compare."""
    out = tmp_path_factory.mktemp("out")
    runs = {name: out / name for name in ("short", "long")}
    for (name, folder), drills in zip(runs.items(), (DRILLS, {**DRILLS, **MANY}), strict=True):
        folder.mkdir()
        write(journal.write(folder, drills))
        assert name in str(folder)
    index.write(out, datetime(2026, 1, 2, tzinfo=UTC))
    found = comparison.compared(recall(runs["short"]), recall(runs["long"]))
    comparison.write(found, out / "compare.html")
    names = {"run": "short/index.html", "catalogue": "long/index.html", "index": "index.html"}
    yield {name: (out / path).read_text() for name, path in {**names, "compare": "compare.html"}.items()}
    shutil.rmtree(out)


PAGES = pytest.mark.parametrize("page", ["run", "catalogue", "index", "compare"])


@PAGES
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_as_wide_as_the_screen_and_loads_nothing(tmp_path, pages, page, width):
    script = """return [document.documentElement.scrollWidth,
                        performance.getEntriesByType("resource").length]"""
    assert browser.ask(tmp_path, pages[page], script, width=width) == [width, 0]


@PAGES
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", browser.SCHEMES)
def test_axe_finds_nothing_to_complain_of(tmp_path, pages, page, width, scheme):
    script = f"""{browser.axe()};
        document.querySelectorAll("details").forEach(d => d.open = true);
        const found = await axe.run();
        return [matchMedia("(prefers-color-scheme: dark)").matches, found.passes.length,
                found.violations.map(v => v.id + ": " + v.nodes[0].html)]"""
    dark, passes, violations = browser.ask(tmp_path, pages[page], script, width=width, scheme=scheme)
    assert dark is (scheme == "dark")
    assert passes > 15, "axe ran"
    assert violations == []
