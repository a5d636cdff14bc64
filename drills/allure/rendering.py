"""Allure's results as one HTML file, by Allure 3 from npm, without its tag manager."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from drills.allure.surroundings import CATEGORIES

PACKAGE = "allure@3.18.0"
"""Pinned: what is taken out of its page below was looked at in this version."""
NPX = "npx"
TITLE = "Drills"
RENDER_TIMEOUT_S = 300.0
"""The first time npm downloads 56 MB."""
TAG_MANAGER = re.compile(
    r"<script\b[^>]*\bsrc=[\"']https?://[^>]*>\s*</script>"
    r"|<script>(?:(?!</script>)[\s\S])*?\bgtag\((?:(?!</script>)[\s\S])*?</script>"
)
"""Scripts that are loaded from elsewhere, and the one that feeds the tag manager."""


class RenderingError(Exception):
    """There is no report; one line that says what to do."""


def render(results: Path, out: Path) -> Path:
    """Write the report of a folder of results to `out`; its history is kept in `history_of(results)`.

    Raises `RenderingError`.
    """
    npx = shutil.which(NPX)
    if npx is None:
        raise RenderingError(f"{NPX} is missing, and Allure 3 comes from npm: install Node.js 20 or newer")
    if not any(results.glob("*-result.json")):
        raise RenderingError(f"no Allure results in {results}: run drills with --alluredir {results}")
    with tempfile.TemporaryDirectory(prefix="zep-drill-allure-") as folder:
        page = _rendered(npx, results, Path(folder))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(without_tag_manager(page), encoding="utf-8")
    return out


def history_of(results: Path) -> Path:
    """Return where earlier reports are remembered: beside the results, which pytest may empty."""
    return results.resolve().with_name(f"{results.resolve().name}-history.jsonl")


def without_tag_manager(page: str) -> str:
    """Return the page with nothing in it that speaks to somebody else."""
    return TAG_MANAGER.sub("", page)


def _rendered(npx: str, results: Path, folder: Path) -> str:
    config, out = folder / "allurerc.json", folder / "out"
    config.write_text(json.dumps({"name": TITLE, "categories": _categories(results)}), encoding="utf-8")
    argv = [
        *(npx, "--yes", PACKAGE, "awesome", "--single-file", "--config", str(config)),
        *("--history-path", str(history_of(results)), "--output", str(out)),
        *("--group-by", "parentSuite,suite", str(results.resolve())),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            argv, cwd=folder, capture_output=True, text=True, check=False, timeout=RENDER_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise RenderingError(f"Allure took longer than {RENDER_TIMEOUT_S:g} s: is npm reachable?") from None
    page = out / "index.html"
    if done.returncode or not page.is_file():
        raise RenderingError(f"Allure made no report: {_last_line(done.stderr or done.stdout)}")
    return page.read_text(encoding="utf-8")


def _categories(results: Path) -> object:
    """Return the results' own categories: Allure 3 takes them from its configuration only."""
    file = results / CATEGORIES
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
