"""Process faults by pid: signals, new starts, and a worker's clock."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from chaos.faults import ClockShift, Kill, Pause, ProcessFault, Restart
from chaos.injectors import InjectorError
from chaos.injectors.waiting import until

SEEN_WITHIN_S = 2.0
"""A signal is delivered at once; a machine under load takes its time to show it."""


class Machine(Protocol):
    """What a stack knows of its processes by name."""

    def pids(self, process: str) -> list[int]:
        """Return those that run; raise `InjectorError` for a name that means nothing here."""

    def whole(self, process: str) -> bool:
        """Tell whether all of it runs."""

    def start(self, process: str) -> None:
        """Start it again where it was, or wait for whoever does; returns when it is ready."""

    def clock(self, pid: int) -> Path:
        """Return the file with the offset of a process's wall clock; raise `InjectorError` without one."""


class ByPid:
    """Processes of this host that nobody named: they can be paused, not started again."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)

    def pids(self, process: str) -> list[int]:  # noqa: ARG002 - they are what they are
        if gone := [pid for pid in self._pids if not alive(pid)]:
            raise InjectorError(f"there is no process {gone[0]} on this host")
        return self._pids

    def whole(self, process: str) -> bool:  # noqa: ARG002
        return all(map(alive, self._pids))

    def start(self, process: str) -> None:
        raise InjectorError(f"{process} cannot be started again from here")

    def clock(self, pid: int) -> Path:
        raise InjectorError(f"the clock of process {pid} cannot be shifted from here")


class Processes:
    """Every method raises `InjectorError`, one line."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._hit: dict[str, list[int]] = {}

    def choose(self, name: str, fault: ProcessFault) -> list[int]:
        """Return what a fault will hit, and remember it by `name`."""
        self._hit[name] = pids = self._machine.pids(fault.process)
        if not pids:
            raise InjectorError(f"{fault.process} does not run: nothing to {fault.kind}")
        return pids

    def apply(self, name: str, fault: ProcessFault) -> None:
        """Break what was chosen."""
        pids = self._hit.get(name) or self.choose(name, fault)
        match fault:
            case Pause():
                _send(pids, signal.SIGSTOP)
                until(
                    f"{fault.process} is paused",
                    lambda: all(_state(pid) == "T" for pid in pids),
                    SEEN_WITHIN_S,
                )
            case ClockShift():
                for pid in pids:
                    self._machine.clock(pid).write_text(f"{fault.offset_s:+g}\n")
            case Kill() | Restart():
                _send(pids, signal.SIGKILL)
                until(f"{fault.process} is dead", lambda: not any(map(alive, pids)), SEEN_WITHIN_S)
        if isinstance(fault, Restart):
            self._machine.start(fault.process)

    def heal(self, name: str, fault: ProcessFault) -> None:
        """Undo `apply`; twice is fine."""
        pids = self._hit.get(name, [])
        match fault:
            case Pause():
                resume(pids)
            case Kill() if pids:
                self._machine.start(fault.process)
            case ClockShift():
                for pid in filter(alive, pids):
                    self._machine.clock(pid).write_text("+0\n")

    def in_force(self, name: str, fault: ProcessFault) -> bool:
        """Look whether what was hit is still broken."""
        pids = self._hit.get(name, [])
        match fault:
            case Pause():
                return any(_state(pid) == "T" for pid in pids)
            case Kill():
                return bool(pids) and not self._machine.whole(fault.process)
            case ClockShift():
                return any(_shifted(self._machine.clock(pid)) for pid in filter(alive, pids))
        return False


def resume(pids: Iterable[int]) -> None:
    """SIGCONT, and see it heeded.  A process that is gone needs none."""
    pids = list(pids)
    _send(pids, signal.SIGCONT)
    until("it goes on", lambda: not any(_state(pid) == "T" for pid in pids), SEEN_WITHIN_S)


def started_at(pid: int) -> str:
    """Tell one process from a later one with the same pid; empty when there is none."""
    return "".join(_stat(pid)[19:20])


def _send(pids: Iterable[int], signum: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            raise InjectorError(f"process {pid} is not ours to signal") from error


def alive(pid: int) -> bool:
    """Tell whether a process runs, or is paused."""
    return _state(pid) not in ("", "Z")


def _state(pid: int) -> str:
    """``T`` stopped, ``Z`` dead and not collected, empty when there is no such process: proc(5)."""
    fields = _stat(pid)
    return fields[0] if fields else ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the command's name, which may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _shifted(clock: Path) -> bool:
    try:
        return float(clock.read_text()) != 0
    except (OSError, ValueError):
        return False
