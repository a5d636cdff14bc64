"""The outbox in Redis >= 6.2 or Valkey; `guard/outbox.py` tells how it works.

An entry costs about 1 KB, more for long messages (Zep's limits: 30 of 4,096 characters).  A Redis that may
lose it (no appendonly, an eviction policy) may lose what was acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from threading import Lock
from typing import Any

import redis

from guard.errors import SettingsError, StoreError
from guard.forks import in_child
from guard.outbox import COOL_S, PARTITIONS, Depth, Poison, Taken, partition
from guard.policy import Policy
from guard.stores.answering import answering
from guard.stores.connection import leave

SCRIPTS = ("put", "look", "take", "done", "back", "aside", "retry")
LISTED = 1000
"""Poison shown by one listing."""


class RedisOutbox:
    """Implements `ports.Outbox`; `client` is a patient one of its own.

    Its own, because under gevent the listener is a native thread, whose connections greenlets cannot use.
    """

    filled: bool

    def __init__(self, client: redis.Redis, policy: Policy, prefix: str = "{mem}:") -> None:
        self._client = client
        self._limit = int(policy.outbox_limit)
        self._lease_ms = round(policy.outbox_lease_s * 1000)
        own = f"{prefix}outbox:"
        streams = [f"{own}{n}" for n in range(1, PARTITIONS + 1)]
        self._keys = [
            *streams,
            *(own + name for name in ("threads", "leases", "revision", "aside", "changes")),
        ]
        self._threads, self._aside, self._channel = f"{own}threads", f"{own}aside", f"{own}changes"
        self._scripts = {name: client.register_script(_source(name)) for name in SCRIPTS}
        self._revision = 0
        self._lock = Lock()
        self._renew()
        in_child(self._renew)

    def put(self, thread_id: str, payloads: Sequence[str]) -> bool:
        """Keep all or none; False when there is no room.  Raises StoreError when Redis does not answer."""
        return bool(self._run("put", self._limit, partition(thread_id), thread_id, *payloads)[0])

    def waits(self, thread_id: str) -> bool:
        """Tell whether something of the thread waits, in one round trip."""
        with answering():
            return bool(self._client.hexists(self._threads, thread_id))

    def look(self) -> Depth:
        """Return how much waits."""
        with answering():
            answer = self._scripts["look"](keys=self._keys)
        self._note(answer)
        return Depth(int(answer[1]), int(answer[2]) / 1000)

    def take(self, token: str) -> Taken | None:
        """Lease a partition and return its first entry; None when there is nothing that nobody holds."""
        answer = self._run("take", token, self._lease_ms)
        if not answer[0]:
            return None
        entry_id, where, thread_id, payload, tries = answer
        return Taken(int(where), entry_id, thread_id, payload, int(tries), token)

    def done(self, taken: Taken) -> bool:
        """Remove what Zep has; False when the lease is somebody else's by now."""
        return self._tell("done", taken)

    def back(self, taken: Taken, *, counts: bool) -> bool:
        """Leave an entry where it is, for whoever comes next; the others go first for a moment."""
        return self._tell("back", taken, taken.tries if counts else taken.tries - 1, round(COOL_S * 1000))

    def aside(self, taken: Taken, reason: str) -> bool:
        """Set poison aside."""
        return self._tell("aside", taken, reason, taken.tries)

    def poison(self) -> list[Poison]:
        """Return what was set aside, oldest first."""
        with answering():
            found: Any = self._client.xrange(self._aside, count=LISTED)
        return [Poison(name, raw["thread"], raw["reason"], int(raw["tries"])) for name, raw in found]

    def retry(self, name: str) -> int:
        """Put one entry, or `all`, back at the end of its thread; return how many."""
        try:
            return int(self._run("retry", name)[0])
        except StoreError as error:
            if isinstance(error.__cause__, redis.ResponseError):
                raise SettingsError(f"{name!r} is no id of an entry: --poison lists them") from None
            raise

    @contextmanager
    def follow(self) -> Iterator[Callable[[float], None]]:
        """Subscribe; what is yielded waits that many seconds, or until the outbox was filled or emptied."""
        pubsub = self._client.pubsub()  # type: ignore[no-untyped-call]  # redis-py
        try:
            with answering():
                pubsub.subscribe(self._channel)
            yield lambda timeout_s: self._heard(pubsub, timeout_s)
        finally:
            pubsub.close()

    def close(self) -> None:
        """Close the connections."""
        leave(self._client)

    def _heard(self, pubsub: Any, timeout_s: float) -> None:
        with answering():
            message = pubsub.get_message(timeout=timeout_s)
        if message and message["type"] == "message":
            self._note(message["data"].split())

    def _tell(self, script: str, taken: Taken, *rest: object) -> bool:
        return bool(self._run(script, taken.partition, taken.id, taken.token, taken.thread_id, *rest)[0])

    def _run(self, script: str, *args: Any) -> list[Any]:
        with answering():
            answer: list[Any] = self._scripts[script](keys=self._keys, args=args)
        self._note(answer)
        return answer[3:]

    def _note(self, answer: Sequence[Any]) -> None:
        """Answers and pushes may overtake each other."""
        revision, depth = int(answer[0]), int(answer[1])
        with self._lock:
            if revision > self._revision:
                self._revision, self.filled = revision, depth > 0

    def _renew(self) -> None:
        """Also in a forked child, which knows nothing yet: until it has looked it asks before each write."""
        self.filled = True
        self._lock = Lock()


def _source(script: str) -> str:
    folder = files("guard.stores") / "lua"
    return "\n".join((folder / f"{name}.lua").read_text() for name in ("outbox", f"outbox_{script}"))
