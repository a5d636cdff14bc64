"""Every command of the operating docs is run as it stands there, on a stack with a Prometheus."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from standing import standing

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "docs" / name for name in ("runbook.md", "go-live.md", "quick-reference.md")]
NO_DATA = 11
"""What a canary answers about an hour in which nothing happened."""
WITHIN_S = 180


def commands(doc):
    blocks = re.findall(r"^```sh\n(.*?)^```", doc.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def run(argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=WITHIN_S, check=False, **more)


CASES = list(dict.fromkeys(line for doc in DOCS for line in commands(doc)))


@pytest.fixture(scope="module")
def place(tmp_path_factory, prometheus):
    """A folder with staging.toml, and the environment of somebody who operates that staging."""
    folder = tmp_path_factory.mktemp("staging")
    with standing(folder) as found:
        words = found.target.mode_command
        own = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        (folder / "target.toml").rename(folder / "staging.toml")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        more = {"PATH": path, "PROMETHEUS_URL": prometheus, "ZEP_API_KEY": "k", "CI": "true"}
        yield folder, found.target, {**os.environ, **own, **found.environ, **more}


@pytest.mark.parametrize("line", CASES)
def test_a_command_of_the_docs_does_what_it_says(place, line):
    folder, target, environ = place
    run(["zep-mode", "--clear"], env=environ)  # whatever the line before has done
    line = line.replace("http://127.0.0.1:8475", target.gateway_admin)
    line = line.replace("http://127.0.0.1:8474", target.toxiproxy_url)
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    allowed = {0, NO_DATA} if "canary" in shlex.split(line, comments=True) else {0}
    assert done.returncode in allowed, f"{line}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def test_every_verb_of_the_operations_command_is_on_the_page():
    said = (ROOT / "docs" / "quick-reference.md").read_text()
    help_text = run([str(Path(sys.executable).with_name("zep-mode")), "--help"]).stdout
    verbs = re.findall(r"^  (--[a-z-]+)", help_text.partition("actions:")[2], re.MULTILINE)
    assert len(verbs) >= 9
    assert [verb for verb in verbs if f"zep-mode {verb}" not in said] == []


def test_the_page_has_one_screen():
    assert len((ROOT / "docs" / "quick-reference.md").read_text().splitlines()) <= 60
