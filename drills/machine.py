"""Was this machine too busy to judge anything on it?  Linux tells how long tasks waited for a CPU (PSI)."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PRESSURE = Path("/proc/pressure/cpu")


class Waiting:
    """From now on; without PSI (macOS, old kernels) nothing is known."""

    def __init__(self, file: Path = PRESSURE, now: Callable[[], float] = time.monotonic) -> None:
        self._file, self._now = file, now
        self._began, self._before = now(), self._total_s()

    def share(self) -> float | None:
        """Return the share of the time since then in which something that could run had to wait."""
        after, took_s = self._total_s(), self._now() - self._began
        if self._before is None or after is None or took_s <= 0:
            return None
        return round(min(1.0, (after - self._before) / took_s), 3)

    def _total_s(self) -> float | None:
        """The line begins with ``some`` and ends with ``total=`` microseconds since boot."""
        try:
            some = self._file.read_text().splitlines()[0]
            return int(some.rpartition("total=")[2]) / 1e6
        except (OSError, ValueError, IndexError):
            return None
