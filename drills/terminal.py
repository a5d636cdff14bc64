"""The terminal of a pytest session, written to past pytest's capture."""

from __future__ import annotations

import os
import shutil
from typing import Any, TextIO

import pytest

WIPE = "\r\x1b[K"


class Terminal:
    """Lines that stay and, on a terminal that nobody logs, one that is written over."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager
        self._screen: TextIO | None = None
        self._looked_for_screen = False

    def close(self) -> None:
        if self._screen is not None:
            self._screen.close()

    def say(self, line: str) -> None:
        """Write a line; nowhere in a session that has no terminal, as a worker of xdist."""
        reporter: Any = self._plugins.get_plugin("terminalreporter")
        capture: Any = self._plugins.get_plugin("capturemanager")
        if reporter is None:
            return
        if self._screen is None and reporter.isatty and not self._looked_for_screen:
            self._screen = _screen()
        self._looked_for_screen = True
        self.show("")
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(line)
            reporter.flush()

    def show(self, line: str) -> None:
        """Replace the live line."""
        if self._screen is not None:
            self._screen.write(WIPE + line[: shutil.get_terminal_size().columns - 1])
            self._screen.flush()


def _screen() -> TextIO | None:
    """Return the terminal itself; none in CI, whose logs keep every line."""
    if os.environ.get("CI"):
        return None
    try:
        return open("/dev/tty", "w", encoding="utf-8")  # noqa: PTH123 - open as long as the session is
    except OSError:
        return None
