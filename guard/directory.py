"""Our names for Zep's: v4 addresses threads and users by UUIDs of its own making."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import redis

SIZE = 4096
"""Entries kept in the process: a few hundred bytes each (our choice)."""


class LocalDirectory:
    """Implements `ports.Directory` for one process: the most recently used entries."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = Lock()

    def get(self, kind: str, name: str) -> str | None:
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


class SharedDirectory:
    """Implements `ports.Directory` for the fleet: Redis behind a local one, which serves alone without it.

    Entries do not expire: a lost one would split a thread's memory in two.
    """

    def __init__(
        self, client: redis.Redis, prefix: str = "{mem}:", local: LocalDirectory | None = None
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._local = local or LocalDirectory()

    def get(self, kind: str, name: str) -> str | None:
        """Return the UUID, None when unknown or Redis is away."""
        known = self._local.get(kind, name)
        if known:
            return known
        try:
            shared = self._client.get(self._key(kind, name))
        except (redis.RedisError, OSError):
            return None
        return self._local.claim(kind, name, str(shared)) if shared else None

    def claim(self, kind: str, name: str, uuid: str) -> str:
        """Record `uuid` unless another process was first."""
        try:
            first = self._client.set(self._key(kind, name), uuid, nx=True, get=True)
        except (redis.RedisError, OSError):
            first = None
        return self._local.claim(kind, name, str(first or uuid))

    def forget(self, kind: str, name: str) -> None:
        """Drop an entry everywhere it can be reached."""
        self._local.forget(kind, name)
        try:
            self._client.delete(self._key(kind, name))
        except (redis.RedisError, OSError):
            return

    def _key(self, kind: str, name: str) -> str:
        return f"{self._prefix}{kind}:{name}"
