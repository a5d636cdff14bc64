"""The keeper's process: obeys JSON lines on stdin, and undoes everything when they end.

It lives in a session of its own, so the terminal's Ctrl-C does not reach it, and it takes SIGINT and SIGHUP
for noise.  The end of stdin means that the one who gave the orders is dead, however it died.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from chaos.injectors import InjectorError
from chaos.stack import undo
from chaos.stack.children import Children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GRACE_S = 0.5


class Haste(NamedTuple):
    """How long one call to an injector may take, and all of them together."""

    each_s: float
    budget_s: float


CALM = Haste(each_s=1.0, budget_s=5.0)  # CI gives a cancelled job 7 s
SUDDEN = Haste(each_s=0.4, budget_s=1.2)  # of the 2 s after which nothing may be left


class Reaper:
    """What it keeps: armed undos by id, and children by name.  `done` once everything is undone."""

    def __init__(self) -> None:
        self.done = False
        self._armed: dict[str, undo.Undo] = {}
        self._children = Children()
        self._verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "spawn": self._spawn,
            "poll": lambda c: self._children.poll(c["name"]),
            "signal": lambda c: self._children.signal(c["name"], c["signum"]),
            "stop": lambda c: self._children.stop(c["name"], GRACE_S),
            "arm": self._arm,
            "disarm": lambda c: self._armed.pop(c["id"], None) and None,
            "down": lambda _: self.down(),
        }

    def obey(self, line: bytes) -> dict[str, Any]:
        """Carry out one command; the reply repeats its number and holds `result` or `error`."""
        command: dict[str, Any] = {}
        try:
            command = json.loads(line)
            return {"n": command.get("n"), "result": self._verbs[command["do"]](command)}
        except KeyError as error:
            return {"n": command.get("n"), "error": f"nothing known by the name {error}"}
        except (InjectorError, OSError, ValueError, TypeError) as error:
            return {"n": command.get("n"), "error": str(error)}

    def down(self) -> list[str]:
        """Heal, end the children gently, remove folders; returns what could not be undone."""
        return self._undo(CALM, lambda: self._children.stop_all(GRACE_S))

    def sudden_end(self) -> list[str]:
        """The same within 2 s, whatever does not answer."""
        return self._undo(SUDDEN, self._children.kill_all)

    def _undo(self, haste: Haste, end_children: Callable[[], None]) -> list[str]:
        newest_first = dict(reversed(self._armed.items()))
        self._armed.clear()
        trees = {k: u for k, u in newest_first.items() if isinstance(u, undo.RemoveTree)}
        faults = {k: u for k, u in newest_first.items() if k not in trees}
        failures = undo.run(faults.items(), each_s=haste.each_s, budget_s=haste.budget_s)
        end_children()
        failures += undo.run(trees.items(), each_s=haste.each_s, budget_s=haste.budget_s)
        self.done = True
        return failures

    def _spawn(self, command: dict[str, Any]) -> int:
        return self._children.spawn(
            command["name"], command["argv"], env=command["env"], cwd=command["cwd"], log=command["log"]
        )

    def _arm(self, command: dict[str, Any]) -> None:
        armed = undo.ready(command["undo"])
        self._armed.pop(command["id"], None)
        self._armed[command["id"]] = armed


def lines(orders: int, signals: int) -> Iterator[bytes | None]:
    """Yield each line of the file descriptor `orders`, and None when SIGTERM came; ends with the file."""
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(signals, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if signals in ready and signal.SIGTERM in os.read(signals, 256):
                yield None
            if orders in ready:
                chunk = os.read(orders, 65536)
                if not chunk:
                    return
                *whole, pending = (pending + chunk).split(b"\n")
                yield from whole


def signal_pipe() -> int:
    """A file descriptor that carries the number of each SIGTERM, SIGINT and SIGHUP.

    They get a handler rather than SIG_IGN: children would inherit the latter.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, lambda _signum, _frame: None)
    return reading


def main() -> int:
    reaper, signals = Reaper(), signal_pipe()
    say({"ready": "keeper"})
    for line in lines(sys.stdin.fileno(), signals):
        if line is None:
            complain(reaper.down())
        else:
            say(reaper.obey(line))
        if reaper.done:
            return 0
    complain(reaper.sudden_end())
    return 0


def say(reply: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more: the end of stdin follows
        os.write(sys.stdout.fileno(), json.dumps(reply).encode() + b"\n")


def complain(failures: list[str]) -> None:
    for failure in failures:
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), f"zep-chaos keeper: not undone: {failure}\n".encode())
