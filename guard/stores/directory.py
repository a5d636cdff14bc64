"""Our names for Zep's, shared by the fleet through Redis."""

from __future__ import annotations

import redis

from guard.ports import Directory
from guard.stores.answering import answering
from guard.stores.connection import Connections


class SharedDirectory:
    """Implements `ports.Directory` for the fleet: Redis behind a local one, which serves alone without it.

    Entries do not expire: a lost one would split a thread's memory in two.
    """

    def __init__(self, connections: Connections, local: Directory, prefix: str = "{mem}:") -> None:
        self._client = connections.hasty
        self._patient = connections.patient
        self._local = local
        self._prefix = prefix

    def get(self, kind: str, name: str, *, patient: bool = False) -> str | None:
        """Return the UUID, None when unknown; raise StoreError when only Redis could tell."""
        known = self._local.get(kind, name)
        if known:
            return known
        with answering():
            shared = (self._patient if patient else self._client).get(self._key(kind, name))
        return self._local.claim(kind, name, str(shared)) if shared else None

    def claim(self, kind: str, name: str, uuid: str) -> str:
        """Record `uuid` unless another process was first."""
        try:
            key = self._key(kind, name)
            # Two commands, for SET with both NX and GET needs Redis 7.
            first = None if self._client.set(key, uuid, nx=True) else self._client.get(key)
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
