"""The load as a child process: its lines go to whoever watches, its life ends with ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from drills.load.schedule import TOKEN_ENV

END_WAIT_S = 5.0
LOCUST = [
    *("locust", "--headless", "--only-summary", "--loglevel", "ERROR", "--stop-timeout", "2"),
    *("--locustfile", str(Path(__file__).with_name("locustfile.py"))),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What to send: `rate` requests a second over `threads` conversations, for `for_s` seconds at most."""

    url: str
    token: str
    t0: float
    prefix: str
    seed: int
    rate: float = 50.0
    threads: int = 10
    for_s: float = 120.0
    engine: str = "open_loop"
    """Or "locust"."""
    label: str = ""
    """Ends every message of the open loop, with its number."""

    def argv(self) -> list[str]:
        """Return the command; the token is not in it, because process lists are public."""
        url = urlsplit(self.url)
        engines: dict[str, tuple[list[str], dict[str, object]]] = {
            "open_loop": (["drills.load.open_loop"], {"--url": self.url, "--label": self.label}),
            "locust": (LOCUST, {"--host": f"{url.scheme}://{url.netloc}", "--path": url.path}),
        }
        words, where = engines[self.engine]
        options: dict[str, object] = {
            **where,
            "--t0": self.t0,
            "--prefix": self.prefix,
            "--seed": self.seed,
            "--rate": self.rate,
            "--threads": self.threads,
            "--for": self.for_s,
        }
        return [sys.executable, "-m", *words, *(str(word) for pair in options.items() for word in pair)]


class Load:
    """Runs while the context lasts; `on_line` gets each line from a thread of its own."""

    def __init__(self, plan: LoadPlan, on_line: Callable[[dict[str, Any]], None]) -> None:
        self._plan = plan
        self._on_line = on_line
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            self._plan.argv(),
            env={**os.environ, TOKEN_ENV: self._plan.token},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is ours: the load runs on while we heal
        )
        self._reader = threading.Thread(target=self._read, name="drill-load", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        process = self._running()
        try:
            if process.stdin:
                process.stdin.close()
            process.wait(END_WAIT_S)
        except (OSError, subprocess.TimeoutExpired):
            pass
        finally:
            process.kill()
            process.wait()
        if self._reader:
            self._reader.join(END_WAIT_S)
        if process.stdout:
            process.stdout.close()

    @property
    def ended(self) -> bool:
        """Tell whether it has ended, of itself or by an accident."""
        return self._running().poll() is not None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("a load runs inside its context")
        return self._process

    def _read(self) -> None:
        output = self._running().stdout
        for text in output or ():
            line = _parsed(text)
            if line:
                self._on_line(line)


def _parsed(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
