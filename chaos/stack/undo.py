"""Undoing as data: what the keeper is armed with, and how each piece is put right.

* ``{"l7": admin_url, "name": fault_name}``: heal a fault of the HTTP gateway
* ``{"l4": url, "name": fault_name, "fault": {...}}``: heal a `Toxic` (has a ``type``) or a `Down`
* ``{"l4": url, "remove": proxy}``: remove a proxy from a Toxiproxy that is not ours
* ``{"resume": [[pid, started], ...]}``: let paused processes go on, the very ones
* ``{"redis": url, "heal": {...}}``: put settings or a role of Redis back
* ``{"double": url}``: have the Zep double accept its key again
* ``{"command": [word, ...]}``: run a command, which must exit with 0
* ``{"tree": folder}``: remove a folder, the very one that was there when the keeper was armed
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chaos.faults import Down, Toxic
from chaos.injectors import InjectorError
from chaos.injectors.processes import resume as continue_processes
from chaos.injectors.processes import started_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaos.injectors.l4 import L4

LEARN_TIMEOUT_S = 1.0
COMMAND_S = 10.0
"""A command may be an ssh to the other end of the world."""


def l7_fault(admin_url: str, name: str) -> dict[str, Any]:
    return {"l7": admin_url, "name": name}


def l4_fault(url: str, name: str, fault: Toxic | Down) -> dict[str, Any]:
    return {"l4": url, "name": name, "fault": asdict(fault)}


def l4_proxy(url: str, proxy: str) -> dict[str, Any]:
    return {"l4": url, "remove": proxy}


def resume(pids: Iterable[int]) -> dict[str, Any]:
    return {"resume": [[pid, started_at(pid)] for pid in pids]}


def redis(url: str, heal: Mapping[str, Any]) -> dict[str, Any]:
    return {"redis": url, "heal": dict(heal)}


def double(url: str) -> dict[str, Any]:
    return {"double": url}


def command(words: Iterable[str]) -> dict[str, Any]:
    return {"command": list(words)}


def tree(folder: Path) -> dict[str, Any]:
    return {"tree": str(folder)}


class Undo(Protocol):
    """Ready to act.  `where` is what it talks to: the same in order, others side by side."""

    @property
    def where(self) -> str: ...

    def __call__(self, timeout_s: float) -> None: ...


class HealL7:
    def __init__(self, admin_url: str, name: str) -> None:
        from chaos.injectors.l7 import Gateway  # noqa: PLC0415 - httpx takes its time: only who arms it pays

        self.where = admin_url
        self._name = name
        self._gateway = Gateway

    def __call__(self, timeout_s: float) -> None:
        with contextlib.closing(self._gateway(self.where, timeout_s=timeout_s)) as gateway:
            gateway.heal(self._name)


class HealL4:
    """Learns where the proxy leads while it can still be asked."""

    def __init__(self, url: str, name: str, fault: Toxic | Down) -> None:
        self.where = url
        self._name, self._fault = name, fault
        self._l4 = _l4(url)
        self._l4.learn(fault.proxy)

    def __call__(self, timeout_s: float) -> None:
        self._l4.timeout_s = timeout_s
        self._l4.heal(self._name, self._fault)


class RemoveProxy:
    def __init__(self, url: str, proxy: str) -> None:
        self.where = url
        self._l4, self._proxy = _l4(url), proxy

    def __call__(self, timeout_s: float) -> None:
        self._l4.timeout_s = timeout_s
        self._l4.remove(self._proxy)


class Resume:
    """A pid may belong to another process by now: that one is left alone."""

    where = "this machine"

    def __init__(self, paused: Iterable[tuple[int, str]]) -> None:
        self._paused = [(int(pid), str(started)) for pid, started in paused]

    def __call__(self, timeout_s: float) -> None:  # noqa: ARG002 - a signal has no timeout
        continue_processes([pid for pid, started in self._paused if started_at(pid) == started])


class HealRedis:
    where = "redis"  # not its URL, which may hold a password

    def __init__(self, url: str, heal: Mapping[str, Any]) -> None:
        from chaos.injectors.redis import RedisServer  # noqa: PLC0415 - redis-py takes its time

        self._url, self._heal, self._server = url, heal, RedisServer

    def __call__(self, timeout_s: float) -> None:
        with contextlib.closing(self._server(self._url, timeout_s=timeout_s)) as server:
            server.heal(self._heal)


class AcceptKeys:
    def __init__(self, url: str) -> None:
        from chaos.injectors.double import Double  # noqa: PLC0415 - httpx takes its time

        self.where, self._double = url, Double

    def __call__(self, timeout_s: float) -> None:
        self._double(self.where, timeout_s=timeout_s).accept_keys()


class RunCommand:
    where = "a command"  # it may be seen in no error: who knows what is in it

    def __init__(self, words: Iterable[str]) -> None:
        self._words = [str(word) for word in words]
        if not self._words:
            raise ValueError("a command has a first word")

    def __call__(self, timeout_s: float) -> None:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            done = subprocess.run(self._words, check=False, timeout=max(timeout_s, COMMAND_S), **quiet)  # type: ignore[call-overload]  # noqa: S603 - the target file's own command
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ValueError(type(error).__name__) from None
        if done.returncode:
            raise ValueError(f"it exited with {done.returncode}")


class RemoveTree:
    """Only the folder that was there at arming: not a link, and not another one put in its place."""

    where = "the file system"  # one after the other: a folder may lie in another one that goes too

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        if not self._folder.is_absolute() or self._folder == Path(self._folder.anchor):
            raise ValueError(f"{folder!r} is not an absolute path to a folder of its own")
        if self._folder.is_symlink() or not self._folder.is_dir():
            raise ValueError(f"{folder!r} is not a folder")
        self._identity = _identity(self._folder)

    def __call__(self, timeout_s: float) -> None:  # noqa: ARG002 - a disk has no timeout
        if not self._folder.exists():
            return
        if self._folder.is_symlink() or _identity(self._folder) != self._identity:
            raise ValueError(f"{self._folder} is no longer the folder the keeper was armed with")
        shutil.rmtree(self._folder)


def ready(data: Mapping[str, Any]) -> Undo:
    """Make an undo from its data.

    Raises ValueError or KeyError for data that means nothing, and `InjectorError` when its proxy cannot be
    asked: what could not be undone must not be done.
    """
    if "tree" in data:
        return RemoveTree(data["tree"])
    if "l7" in data:
        return HealL7(data["l7"], data["name"])
    if "l4" in data and "remove" in data:
        return RemoveProxy(data["l4"], data["remove"])
    if "l4" in data:
        return HealL4(data["l4"], data["name"], _fault(data["fault"]))
    if "resume" in data:
        return Resume(data["resume"])
    if "redis" in data:
        return HealRedis(data["redis"], data["heal"])
    if "double" in data:
        return AcceptKeys(data["double"])
    if "command" in data:
        return RunCommand(data["command"])
    raise ValueError("an undo names l7, l4, resume, redis, double, command or tree")


def run(undos: Iterable[tuple[str, Undo]], *, each_s: float, budget_s: float) -> list[str]:
    """Carry out `undos` in the given order, one thread for each address; returns a line per failure.

    A call to an injector may take `each_s` seconds.  An undo that is not through after `budget_s` seconds
    counts as failed and is left behind.
    """
    deadline_s = time.monotonic() + budget_s
    open_ids = dict(undos)
    failures: list[str] = []
    threads = [
        threading.Thread(target=_run_some, args=(some, each_s, open_ids, failures), daemon=True)
        for some in _by_address(open_ids).values()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    return [*failures, *(f"{left}: no answer in time" for left in list(open_ids))]


def _by_address(undos: Mapping[str, Undo]) -> dict[str, list[tuple[str, Undo]]]:
    grouped: dict[str, list[tuple[str, Undo]]] = {}
    for key, undo in undos.items():
        grouped.setdefault(undo.where, []).append((key, undo))
    return grouped


def _run_some(
    some: Iterable[tuple[str, Undo]], each_s: float, open_ids: dict[str, Undo], failures: list[str]
) -> None:
    for key, undo in some:
        try:
            undo(each_s)
        except (InjectorError, OSError, ValueError) as error:
            failures.append(f"{key}: {error}")
        open_ids.pop(key, None)


def _l4(url: str) -> L4:
    from chaos.injectors.l4 import L4  # noqa: PLC0415 - requests is loaded when it is first needed

    return L4(url, timeout_s=LEARN_TIMEOUT_S)


def _fault(fields: Mapping[str, Any]) -> Toxic | Down:
    return Toxic(**fields) if "type" in fields else Down(**fields)


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino
