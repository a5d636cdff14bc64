"""The guard that every server under test makes: a backend that answers, or fails for the thread `bad`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import redis

from guard import Kind, MemoryFailure, Mode, Policy, Settings
from guard.ports import Message, Reading
from guard.testing import ScriptedMemory

URL, PREFIX = os.environ["GUARD_REDIS_URL"], os.environ["GUARD_PREFIX"]
SETTINGS = Settings(
    base_mode=Mode.READ_WRITE,
    redis_url=URL,
    prefix=PREFIX,
    policy=Policy(hold_s=0.5, context_ttl_s=0, outbox_limit=100),
)


class Backend(ScriptedMemory):
    """Notes who probed, and what was written, where the test can see it."""

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        if thread_id == "bad":
            raise MemoryFailure(Kind.AUTH, status_code=401)
        return Reading("facts")

    def write(self, thread_id: str, messages: Sequence[Message], **_: Any) -> None:
        with redis.Redis.from_url(URL) as client:
            client.rpush(f"{PREFIX}written", *(f"{thread_id} {message['content']}" for message in messages))

    def probe(self, thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:
        with redis.Redis.from_url(URL) as client:
            client.rpush(f"{PREFIX}probed by", os.getpid())


def shown(guard: Any) -> dict[str, Any]:
    """What a worker says of itself."""
    return {"pid": os.getpid(), "mode": str(guard.mode)}
