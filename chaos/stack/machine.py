"""The processes of the local stack by name: found, and started again where they were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.injectors import InjectorError
from chaos.injectors.processes import alive
from chaos.injectors.waiting import until
from chaos.stack.keeper import KeeperError
from chaos.stack.readiness import Server, StackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.stack.keeper import Keeper

APPLICATION = "assistant"
WORKER, WORKERS = "worker", "workers"
GONE_WITHIN_S = 2.0
"""A dead process is not gone before the last of its threads is."""


@dataclass(slots=True)
class Part:
    """One process: how to start it again at its address, and how to wait until it is ready."""

    server: Server
    again: Callable[[], Server]
    ready: Callable[[Server], object]
    workers: int = 0
    clocks: Path | None = None


class LocalMachine:
    """Meets `chaos.injectors.processes.Machine`."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._parts: dict[str, Part] = {}

    def add(self, part: Part) -> None:
        self._parts[part.server.name] = part

    def pids(self, process: str) -> list[int]:
        part = self._part(process)
        children = children_of(part.server.pid)
        own = [part.server.pid] if alive(part.server.pid) else []
        chosen = {WORKER: children[:1], WORKERS: children}.get(process.rpartition("/")[2])
        return own + children if chosen is None else chosen

    def whole(self, process: str) -> bool:
        part = self._part(process)
        return alive(part.server.pid) and len(children_of(part.server.pid)) >= part.workers

    def start(self, process: str) -> None:
        part = self._part(process)
        try:
            if not alive(part.server.pid):
                name = part.server.name
                until(f"{name} is gone", lambda: self._keeper.poll(name) is not None, GONE_WITHIN_S)
                part.server = part.again()
            part.server.until(lambda: self.whole(process) or None)
            part.ready(part.server)
        except (KeeperError, StackError) as error:
            raise InjectorError(str(error)) from error

    def clock(self, pid: int) -> Path:
        for part in self._parts.values():
            if part.clocks and pid in children_of(part.server.pid):
                return part.clocks / str(pid)
        raise InjectorError("this application's clock cannot be shifted: install libfaketime")

    def _part(self, process: str) -> Part:
        """An application's workers are ``APPLICATION/worker``; plain ``worker`` is one of the main one's."""
        application, _, which = process.rpartition("/")
        name = application or (APPLICATION if which in (WORKER, WORKERS) else process)
        if name not in self._parts:
            raise InjectorError(f"this stack has no process {process!r}: it has {', '.join(self._parts)}")
        return self._parts[name]


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started, oldest first: proc(5)."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
