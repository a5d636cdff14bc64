"""The live line: on a terminal only, gone before anything that stays, and not in CI."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = """
import pytest
from drills.plugin import TALLY

@pytest.mark.drill
def test_mine(request):
    terminal = request.config.stash[TALLY].terminal
    terminal.say("first")
    terminal.show("still " + "x" * 500)
    terminal.say("second")
"""


@pytest.fixture
def on_a_terminal(tmp_path):
    """Run pytest on a terminal of its own, as wide as it is told; returns what was written to it."""
    (tmp_path / "test_mine.py").write_text(TEST)

    def run(**environ):
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(tmp_path)
            words = [sys.executable, "-m", "pytest", "-p", "drills.plugin", "-m", "drill"]
            own = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT), "COLUMNS": "60"}
            os.execve(words[0], words, {**without_ci(), **own, **environ})  # noqa: S606 - our own command
        written = b""
        try:
            while chunk := os.read(terminal, 4096):
                written += chunk
        except OSError:
            pass  # how a terminal says that the other end has gone
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, written
        return written.decode()

    return run


def without_ci():
    return {name: value for name, value in os.environ.items() if name != "CI"}


def test_the_live_line_is_wiped_before_the_next_one_that_stays(on_a_terminal):
    written = on_a_terminal()
    assert "\r\x1b[Kstill " + "x" * 53 + "\r\x1b[K" in written, "as wide as the terminal, then gone"
    assert written.index("first") < written.index("still") < written.index("second")


def test_ci_has_lines_only(on_a_terminal):
    written = on_a_terminal(CI="true")
    assert "second" in written
    assert "still" not in written
