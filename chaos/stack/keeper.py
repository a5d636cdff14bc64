"""The keeper: a child process that outlives a killed drill, ends what it started and undoes what it did.

    with Keeper() as keeper:
        keeper.spawn(name="redis", argv=["redis-server"], log=folder / "redis.log")
        keeper.arm("drill-1", undo.l7_fault(admin_url, "drill-1"))

Arm before you break; disarm when the heal has been read back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

EXIT_WAIT_S = 5.0


class KeeperError(Exception):
    """The keeper refused, or is gone; one line."""


class Keeper:
    """Usable from several threads.  Every method raises `KeeperError`.

    Leaving the context undoes everything; what could not be undone is raised (or noted on the exception
    that is already on its way).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.stack.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._reply()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failures = self.down()
        if failures and error is None:
            raise KeeperError("not undone: " + "; ".join(failures))
        if failures and error is not None:
            error.add_note("not undone: " + "; ".join(failures))

    @property
    def pid(self) -> int:
        return self._running().pid

    def spawn(
        self,
        *,
        name: str,
        argv: Sequence[str],
        log: Path | str,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
    ) -> int:
        """Start a process in a group of its own; returns its pid.

        `env` is added to our own environment; stdout and stderr are appended to the file `log`.
        """
        pid: int = self._ask(
            "spawn",
            name=name,
            argv=[str(word) for word in argv],
            env={**os.environ, **(env or {})},
            cwd=str(cwd) if cwd else None,
            log=str(log),
        )
        return pid

    def poll(self, name: str) -> int | None:
        """The exit code of a process (negative: the signal that ended it), or None while it runs."""
        code: int | None = self._ask("poll", name=name)
        return code

    def signal(self, name: str, signum: int) -> None:
        """Send a signal to the process group of `name`."""
        self._ask("signal", name=name, signum=int(signum))

    def stop(self, name: str) -> None:
        """SIGTERM, and SIGKILL for what is left of the group after 0.5 s."""
        self._ask("stop", name=name)

    def arm(self, key: str, undo: Mapping[str, Any]) -> None:
        """Have `undo` (see `chaos.stack.undo`) carried out at the end, unless `key` is disarmed first."""
        self._ask("arm", id=key, undo=dict(undo))

    def disarm(self, key: str) -> None:
        """Forget an undo; one that is not armed is fine."""
        self._ask("disarm", id=key)

    def down(self) -> list[str]:
        """Undo everything, newest first, and end the keeper; returns a line for what could not be undone."""
        if self._process is None:
            return []
        try:
            failures: list[str] = self._ask("down")
        except KeeperError as error:
            failures = [str(error)]
        self._close()
        return failures

    def _ask(self, verb: str, **arguments: Any) -> Any:
        with self._lock:
            self._number += 1
            self._send({"n": self._number, "do": verb, **arguments})
            while (reply := self._reply()).get("n") != self._number:
                pass  # the reply to a command whose caller was interrupted while waiting for it
        if "error" in reply:
            raise KeeperError(f"{verb}: {reply['error']}")
        return reply["result"]

    def _send(self, command: Mapping[str, Any]) -> None:
        try:
            self._pipe("stdin").write(json.dumps(command).encode() + b"\n")
            self._pipe("stdin").flush()
        except OSError as error:
            raise KeeperError("the keeper process is gone") from error

    def _reply(self) -> dict[str, Any]:
        line = self._pipe("stdout").readline()
        if not line:
            raise KeeperError("the keeper process is gone")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _pipe(self, name: str) -> Any:
        return getattr(self._running(), name)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise KeeperError("the keeper is not running: use it as a context manager")
        return self._process

    def _close(self) -> None:
        process, self._process = self._running(), None
        try:
            process.communicate(timeout=EXIT_WAIT_S)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()


if __name__ == "__main__":
    from chaos.stack.reaper import main

    status = main()
    sys.stdout.flush()
    os._exit(status)  # a thread that still waits for an injector must not hold us back
