"""What changed the double so far, kept in a file: after a restart, `kill -9` included, it all happens again.

Ids come from a seeded source and times from the file, so what is repeated is what it was.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaos.web import Request

READS = ("GET", "HEAD")
KEPT_HEADER = "idempotency-key"


class Past:
    """Ids and times for a store; without a file nothing outlives the process.

    Raises ValueError for a file that holds something else, OSError for one that cannot be used.
    """

    def __init__(self, file: Path | None, now: Callable[[], str]) -> None:
        self._now = now
        self._at = ""
        self._requests = _lines(file) if file and file.exists() else []
        self._file = file.open("a", buffering=1) if file else None
        seed = self._requests.pop(0) if self._requests else secrets.randbits(64)
        self._ids = random.Random(seed)  # noqa: S311 - ids of a double are no secrets
        if self._file and not self._file.tell():
            self._write(seed)

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def timestamp(self) -> str:
        """Return when the request under way came: now, or then."""
        return self._at

    def begin(self, at: str = "") -> None:
        """A request begins."""
        self._at = at or self._now()

    def keep(self, request: Request) -> None:
        """Keep a request that succeeded, unless it only reads."""
        if self._file and request.method not in READS:
            key = request.headers.get(KEPT_HEADER)
            self._write([self._at, request.method, request.path, key, request.body.decode()])

    def repeat(self, handle: Callable[[Request], object]) -> None:
        """Hand every kept request to `handle`, oldest first."""
        for at, method, path, key, body in self._requests:
            self.begin(at)
            handle(Request(method, path, {}, {KEPT_HEADER: key} if key else {}, body.encode()))
        self._requests.clear()

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _write(self, line: Any) -> None:
        if self._file:
            self._file.write(json.dumps(line) + "\n")


def _lines(file: Path) -> list[Any]:
    """The whole lines; one that was cut short by a kill was never answered, and is dropped."""
    try:
        whole = file.read_bytes().rpartition(b"\n")[0] + b"\n"
        lines = [json.loads(line) for line in whole.splitlines()]
    except ValueError:
        raise ValueError(f"{file} is not a double's past: give another file") from None
    os.truncate(file, len(whole))
    return lines
