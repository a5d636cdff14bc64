"""What the plugin remembers of one pytest session: codes to fold, lines to tell, signals to heed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from drills.terminal import Terminal

if TYPE_CHECKING:
    from drills.run import Run

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
SETTLED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)


@dataclass
class Tally:
    """`codes` are exit codes, one for each drill that ran; `lines` are told at the end."""

    terminal: Terminal
    run: Run | None = None
    codes: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    staged: bool = False
    """Something may have been started or broken: from now on an interruption must undo."""
    interrupted: bool = False
    workers: list[int] = field(default_factory=list)
    """Pids of those who run drills for us, to be interrupted too."""
    handlers: dict[int, Any] = field(default_factory=dict)

    def heed_signals(self) -> None:
        """Make SIGTERM and SIGHUP take Ctrl-C's way, and Ctrl-C work in background jobs too."""
        for signum in SIGNALS:
            if signum not in self.handlers:
                self.handlers[signum] = signal.signal(signum, self._interrupt)

    def ignore_signals(self) -> None:
        """An interruption of the undo would undo nothing."""
        for signum in self.handlers:
            signal.signal(signum, lambda *_: None)

    def restore_signals(self) -> None:
        for signum, handler in self.handlers.items():
            signal.signal(signum, handler)

    def _interrupt(self, signum: int, _frame: FrameType | None) -> None:
        if not self.staged:  # pytest 9 stumbles over interrupts inside imports, and there is nothing to undo
            sys.stderr.write(f"zep-drill: {signal.Signals(signum).name} before any drill began\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        if not self.interrupted:  # once is enough: the second must not cut the healing short
            self.interrupted = True
            for pid in self.workers:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGTERM)
            _forgive_a_loss()
            raise KeyboardInterrupt(signal.Signals(signum).name)


def _forgive_a_loss() -> None:
    """Raised in a finaliser, an interrupt is lost, and pytest would blame a test: who waits asks for it."""
    told = sys.unraisablehook
    sys.unraisablehook = lambda lost: None if isinstance(lost.exc_value, KeyboardInterrupt) else told(lost)


def asks_for_drills(config: pytest.Config) -> bool:
    """Tell whether `-m` asks for drills."""
    expression = str(config.getoption("markexpr", "") or "")
    return bool(re.search(r"\bdrill\b", expression) and not re.search(r"\bnot\s+drill\b", expression))


def folded(own: int, failed: int, codes: Sequence[int], *, interrupted: bool) -> int:
    """Fold pytest's own exit code, the number of tests that failed and the drills' codes into one."""
    from drills.verdict import Exit, worst_exit  # noqa: PLC0415 - inert until a drill runs

    ours = worst_exit([*codes, *([Exit.INTERRUPTED] if interrupted else [])])
    if own in SETTLED and ours:
        # a test of the user's own may have failed beside inconclusive drills
        otherwise = failed > sum(code != 0 for code in codes)
        return worst_exit([ours, Exit.FAIL]) if otherwise else ours
    return ours or own
