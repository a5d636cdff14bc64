"""The double's ledger: every request it served, as NDJSON; no header ever enters it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEPT = 100_000
"""Requests kept in memory; the file keeps all."""


class Ledger:
    """The latest in memory, all in a file when one is given."""

    def __init__(self, file: Path | None, monotonic: Callable[[], float]) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._monotonic = monotonic
        self._file = file.open("a", buffering=1) if file else None

    def note(self, method: str, path: str, status: int, stored: list[dict[str, Any]] | None) -> None:
        """Write one request down; `stored` are the messages it added."""
        entry: dict[str, Any] = {"t": self._monotonic(), "method": method, "path": path, "status": status}
        if stored is not None:
            entry["stored"] = stored
        self._lines.append(json.dumps(entry))
        if self._file:
            self._file.write(self._lines[-1] + "\n")

    def text(self) -> bytes:
        """Return what is kept."""
        return "".join(f"{line}\n" for line in self._lines).encode()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
