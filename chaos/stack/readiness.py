"""Starting one server of a stack: launched by the keeper, watched until it is ready or dead."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from chaos.stack.keeper import Keeper

Answer = TypeVar("Answer")

READY_TIMEOUT_S = 10.0  # 0.2 to 0.5 s on an idle machine
LOOK_EVERY_S = 0.01
TAIL_LINES = 3


class StackError(Exception):
    """A stack cannot be had; one line that says why and what to do."""


class DiedError(StackError):
    """A server ended while it was starting."""


@dataclass(frozen=True, slots=True)
class Server:
    """A process of the stack, started a moment ago."""

    keeper: Keeper
    name: str
    pid: int
    log: Path

    def ready_line(self) -> dict[str, Any]:
        """Wait for the one JSON line that our own servers print when they listen."""
        return self.until(lambda: _ready_line(self.log))

    def until(self, probe: Callable[[], Answer | None]) -> Answer:
        """Wait until `probe` answers; raises `DiedError` or `StackError` with the end of the log."""
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if (answer := probe()) is not None:
                return answer
            if (code := self.keeper.poll(self.name)) is not None:
                raise DiedError(f"{self.name} ended at start with code {code}: {tail(self.log)}")
            time.sleep(LOOK_EVERY_S)
        raise StackError(f"{self.name} was not ready within {READY_TIMEOUT_S:g} s: {tail(self.log)}")


def launch(
    keeper: Keeper, name: str, argv: Sequence[str], folder: Path, *, env: Mapping[str, str] | None = None
) -> Server:
    """Start `argv` with its output in ``folder/name.log``, which begins anew."""
    log = folder / f"{name}.log"
    log.write_bytes(b"")
    return Server(keeper, name, keeper.spawn(name=name, argv=argv, log=log, env=env, cwd=folder), log)


def free_port() -> int:
    """A port that was free a moment ago: whoever uses it must be ready to lose the race and ask again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def tail(log: Path) -> str:
    """The last lines of a log as one line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-TAIL_LINES:]) or "it wrote nothing"


def _ready_line(log: Path) -> dict[str, Any] | None:
    for line in log.read_text(errors="replace").splitlines(keepends=True):
        if line.startswith("{") and line.endswith("\n") and '"ready"' in line:
            found: dict[str, Any] = json.loads(line)
            return found
    return None
