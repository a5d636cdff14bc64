"""What one process knows of names: our names for Zep's UUIDs (v4), and the names of writes made (v3)."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

SIZE = 4096
"""Entries kept in the process: a few hundred bytes each (our choice)."""


class LocalDirectory:
    """Implements `ports.Directory` for one process: the most recently used entries."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = Lock()

    def get(self, kind: str, name: str, *, patient: bool = False) -> str | None:  # noqa: ARG002 - nothing to wait for
        """Return the UUID, None when unknown."""
        with self._lock:
            uuid = self._entries.get((kind, name))
            if uuid:
                self._entries.move_to_end((kind, name))
            return uuid

    def claim(self, kind: str, name: str, uuid: str) -> str:
        """Record `uuid`; the first one holds."""
        with self._lock:
            held = self._entries.setdefault((kind, name), uuid)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)
            return held

    def forget(self, kind: str, name: str) -> None:
        """Drop an entry."""
        with self._lock:
            self._entries.pop((kind, name), None)


class LocalClaims:
    """Implements `ports.Claims` for one process: the latest claims, for as long as they are kept."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._names: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def claim(self, name: str, ttl_s: float) -> bool:  # noqa: ARG002 - the size bounds it, not time
        """Take a name; False when it is taken."""
        with self._lock:
            if name in self._names:
                return False
            self._names[name] = None
            if len(self._names) > self._size:
                self._names.popitem(last=False)
            return True

    def release(self, name: str) -> None:
        """Free a name."""
        with self._lock:
            self._names.pop(name, None)
