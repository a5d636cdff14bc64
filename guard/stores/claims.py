"""Names of writes that some process made, in Redis: the idempotency that Zep v3 lacks."""

from __future__ import annotations

from contextlib import suppress

import redis


class SharedClaims:
    """Implements `ports.Claims` for the fleet.

    Without Redis every name is free: storing a message twice is better than losing it.
    """

    def __init__(self, client: redis.Redis, prefix: str = "{mem}:") -> None:
        self._client = client
        self._prefix = prefix

    def claim(self, name: str, ttl_s: float) -> bool:
        """Take a name for `ttl_s`; False when it is taken."""
        try:
            return bool(self._client.set(self._key(name), 1, nx=True, px=round(ttl_s * 1000)))
        except (redis.RedisError, OSError):
            return True

    def release(self, name: str) -> None:
        """Free a name."""
        with suppress(redis.RedisError, OSError):
            self._client.delete(self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}sent:{name}"
