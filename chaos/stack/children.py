"""Child processes, each in a session and process group of its own, so that ending one ends all it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PR_SET_PDEATHSIG = 1  # linux/prctl.h
KILL_WAIT_S = 1.0


class Children:
    """By name, in the order they were started.  Raises KeyError for an unknown name."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._tie = tie_to_this_process()

    def spawn(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str], cwd: str | None, log: str
    ) -> int:
        """Start `argv` with stdout and stderr appended to the file `log`; returns its pid.

        Raises OSError when it cannot be started and ValueError when `name` still runs.
        """
        if self.poll(name) is None and name in self._running:
            raise ValueError(f"{name} is already running")
        with open(log, "ab") as output:  # noqa: PTH123 - the path came as text and stays text
            child = subprocess.Popen(  # noqa: S603 - starting commands is what this is for
                argv,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=self._tie,  # noqa: PLW1509 - the keeper has one thread when it spawns
            )
        self._running.pop(name, None)
        self._running[name] = child
        return child.pid

    def poll(self, name: str) -> int | None:
        """Its exit code (negative: the signal that ended it), or None while it runs or if never started."""
        return self._running[name].poll() if name in self._running else None

    def signal(self, name: str, signum: int) -> None:
        """Send a signal to the whole group of `name`."""
        _signal_group(self._running[name].pid, signum)

    def stop(self, name: str, grace_s: float) -> None:
        """SIGTERM, then SIGKILL on the group after `grace_s` seconds (0: SIGKILL at once)."""
        child = self._running.pop(name)
        if grace_s > 0:
            _signal_group(child.pid, signal.SIGTERM)
            _signal_group(child.pid, signal.SIGCONT)  # a paused process cannot end itself
            _ended_within(child, grace_s)
        _signal_group(child.pid, signal.SIGKILL)  # whoever of its group did not go with it
        _ended_within(child, KILL_WAIT_S)

    def stop_all(self, grace_s: float) -> None:
        """Newest first: what came later leans on what came before."""
        for name in reversed(list(self._running)):
            self.stop(name, grace_s)

    def kill_all(self) -> None:
        """SIGKILL every group, then collect them."""
        for child in self._running.values():
            _signal_group(child.pid, signal.SIGKILL)
        self.stop_all(grace_s=0)


def tie_to_this_process() -> Callable[[], None] | None:
    """What a child runs before exec so that Linux ends it with us, even when we get SIGKILL."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    us = os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != us:  # we died before the line above
            os._exit(1)

    return tie


def _signal_group(pid: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone; macOS says EPERM for zombies
        os.killpg(pid, signum)


def _ended_within(child: subprocess.Popen[bytes], wait_s: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(wait_s)
