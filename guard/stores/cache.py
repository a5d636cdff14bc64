"""Contexts that the fleet has seen lately, in Redis."""

from __future__ import annotations

from typing import Any

import redis

from guard.ports import Cached, Clock, LastGood

MUTE_S = 0.25
"""How long a Redis that did not answer is left alone; it may only have been busy for a moment."""
_FOUND, _FAILED = "+", "-"
_Command = tuple[Any, ...]


class RedisCache:
    """Implements `ports.Cache`: one key a thread, its first character tells a context from a failure.

    With `stale_s` a second key keeps the last good context that long; Redis tells its age, no clock of ours.
    `client` must give up within 5 ms: callers wait for it.
    """

    def __init__(
        self, client: redis.Redis, clock: Clock, prefix: str = "{mem}:", stale_s: float = 0.0
    ) -> None:
        self._client = client
        self._clock = clock
        self._prefix = prefix
        self._stale_s = stale_s
        self._muted_until = 0.0

    def get(self, thread_id: str) -> Cached | None:
        """Return what is known, in one round trip."""
        return _entry(self._ask(("GET", self._key(thread_id)))[0])

    def fill(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a read brought, unless a write was faster."""
        self._ask(*self._sets(thread_id, entry, ttl_s, "NX"))

    def replace(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a write brought."""
        self._ask(*self._sets(thread_id, entry, ttl_s))

    def last_good(self, thread_id: str) -> LastGood | None:
        """Return what stands in during an outage, in one round trip."""
        key = self._last_key(thread_id)
        raw, left_ms = self._ask(("GET", key), ("PTTL", key))
        entry = _entry(raw)
        return (
            LastGood(entry.text, max(0.0, self._stale_s - left_ms / 1000)) if entry and entry.text else None
        )

    def drop(self, thread_id: str) -> bool:
        """Stop serving a thread, but for an outage; tell whether it was known."""
        return bool(self._ask(("DEL", self._key(thread_id)))[0])

    def forget(self, thread_id: str) -> bool:
        """Forget all of a thread; tell whether it was known."""
        return bool(self._ask(("DEL", self._key(thread_id), self._last_key(thread_id)))[0])

    def _sets(self, thread_id: str, entry: Cached, ttl_s: float, *only_if: str) -> list[_Command]:
        """A read that a write overtook may leave the older of two good contexts: one turn."""
        sets: list[_Command] = []
        if ttl_s:
            sets.append(("SET", self._key(thread_id), _text(entry), "PX", _ms(ttl_s), *only_if))
        if self._stale_s and not entry.failed:
            sets.append(("SET", self._last_key(thread_id), _text(entry), "PX", _ms(self._stale_s)))
        return sets

    def _ask(self, *commands: _Command) -> list[Any]:
        """Return an answer for each, in one round trip; a Redis that is away answers None."""
        if self._clock.monotonic() < self._muted_until:
            return [None] * len(commands)
        try:
            return self._answers(commands)
        except (redis.RedisError, OSError):
            self._muted_until = self._clock.monotonic() + MUTE_S
            return [None] * len(commands)

    def _answers(self, commands: tuple[_Command, ...]) -> list[Any]:
        if len(commands) == 1:
            return [self._client.execute_command(*commands[0])]  # type: ignore[no-untyped-call]  # redis-py
        with self._client.pipeline(transaction=False) as together:
            for command in commands:
                together.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py
            return together.execute()

    def _key(self, thread_id: str) -> str:
        return f"{self._prefix}context:{thread_id}"

    def _last_key(self, thread_id: str) -> str:
        return f"{self._prefix}last:{thread_id}"


def _entry(raw: Any) -> Cached | None:
    if not isinstance(raw, str):
        return None
    return Cached(failed=raw[1:]) if raw.startswith(_FAILED) else Cached(raw[1:])


def _text(entry: Cached) -> str:
    return _FAILED + entry.failed if entry.failed else _FOUND + (entry.text or "")


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
