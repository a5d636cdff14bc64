"""A real browser, asked one question about a page."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    *("--allow-file-access-from-files", "--virtual-time-budget=20000"),
]
SCHEMES = {"dark": "0", "light": "1"}
ANSWER_S = 90


def chromium() -> str:
    """Return the browser's path; skips the test where there is none, but never in CI."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None and not os.environ.get("CI"):
        pytest.skip("no chromium on PATH")
    return str(found)


def axe() -> str:
    """Return axe's source; skips the test where npm did not bring it."""
    for folder in os.environ.get("NODE_PATH", "").split(os.pathsep):
        source = Path(folder) / "axe-core" / "axe.min.js"
        if source.is_file():
            return source.read_text()
    pytest.skip("no axe-core in NODE_PATH: npm install axe-core")


def ask(folder: Path, page: str, script: str, *, width: int, scheme: str = "light") -> Any:
    """Show `page` in a frame of this width and return what `script`, an async function's body, returns."""
    answer = "a => parent.postMessage(JSON.stringify(a), '*')"
    asked = f"<script>(async () => {{ {script} }})().then({answer})</script>"
    (folder / "copy.html").write_text(page.replace("</body>", f"{asked}</body>"))
    framed = folder / "framed.html"
    framed.write_text(
        "<script>onmessage = event => { document.body.dataset.answer = event.data }</script>"
        f'<iframe src="copy.html" width="{width}" height="900" style="border:0"></iframe>'
    )
    argv = [chromium(), *FLAGS, f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"]
    argv += [f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000"]
    argv += ["--dump-dom", framed.as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=ANSWER_S)
    found = re.search(r'data-answer="([^"]*)"', done.stdout)
    assert found, done.stdout[-300:] + done.stderr[-300:]
    return json.loads(html.unescape(found.group(1)))
