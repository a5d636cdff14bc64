"""Contexts that the fleet has seen lately, in Redis."""

from __future__ import annotations

from typing import Any

import redis

from guard.ports import Cached, Clock

MUTE_S = 0.25
"""How long a Redis that did not answer is left alone; it may only have been busy for a moment."""
_FOUND, _FAILED = "+", "-"


class RedisCache:
    """Implements `ports.Cache`: one key a thread, its first character tells a context from a failure.

    `client` must give up within 5 ms: callers wait for it.
    """

    def __init__(self, client: redis.Redis, clock: Clock, prefix: str = "{mem}:") -> None:
        self._client = client
        self._clock = clock
        self._prefix = prefix
        self._muted_until = 0.0

    def get(self, thread_id: str) -> Cached | None:
        """Return what is known, in one round trip."""
        return _entry(self._ask("GET", self._key(thread_id)))

    def fill(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a read brought, unless a write was faster."""
        self._ask("SET", self._key(thread_id), _text(entry), "PX", _ms(ttl_s), "NX")

    def replace(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a write brought."""
        self._ask("SET", self._key(thread_id), _text(entry), "PX", _ms(ttl_s))

    def drop(self, thread_id: str) -> bool:
        """Forget a thread; tell whether it was known."""
        return bool(self._ask("DEL", self._key(thread_id)))

    def _ask(self, *command: Any) -> Any:
        if self._clock.monotonic() < self._muted_until:
            return None
        try:
            return self._client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py
        except (redis.RedisError, OSError):
            self._muted_until = self._clock.monotonic() + MUTE_S
            return None

    def _key(self, thread_id: str) -> str:
        return f"{self._prefix}context:{thread_id}"


def _entry(raw: Any) -> Cached | None:
    if not isinstance(raw, str):
        return None
    return Cached(failed=raw[1:]) if raw.startswith(_FAILED) else Cached(raw[1:])


def _text(entry: Cached) -> str:
    return _FAILED + entry.failed if entry.failed else _FOUND + (entry.text or "")


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
