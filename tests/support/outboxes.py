"""Guards with an outbox on a real Redis, before a Zep that keeps a ledger and can be away."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import redis
from prometheus_client import CollectorRegistry

from guard import Kind, MemoryGuard, Mode, Policy
from guard.clock import Dice
from guard.errors import MemoryFailure
from guard.metrics import Metrics
from guard.outbox import PARTITIONS
from guard.parts import Parts
from guard.stores.connection import FRUGAL
from guard.stores.memory import MemoryStore
from guard.stores.outbox import RedisOutbox
from guard.testing import ManualClock, ScriptedMemory


@dataclass
class LedgerMemory(ScriptedMemory):
    """Stores in order; with idempotency each key once.  Scripted, to be away and deaf on demand."""

    ledger: list[tuple[str, str]] = field(default_factory=list)
    """Thread and text, as stored."""
    away: Kind | None = None
    refused: set[str] = field(default_factory=set)
    """Texts that it never takes."""
    refusal: Kind = Kind.CLIENT
    answers: bool = True
    """False: it stores, and the answer is lost."""
    _keys: set[tuple[str, str]] = field(default_factory=set)

    def write(self, thread_id, messages, *, idempotency_key, **options):
        if self.away:
            raise MemoryFailure(self.away)
        super().write(thread_id, messages, idempotency_key=idempotency_key, **options)
        if self.refused & {message["content"] for message in messages}:
            raise MemoryFailure(self.refusal)
        if not (self.idempotent and (thread_id, idempotency_key) in self._keys):
            self.ledger += [(thread_id, message["content"]) for message in messages]
        self._keys.add((thread_id, idempotency_key))
        if not self.answers:
            raise MemoryFailure(Kind.TIMEOUT)

    def of(self, thread_id: str) -> list[str]:
        return [text for thread, text in self.ledger if thread == thread_id]


class Fleet:
    """One Redis, one Zep, any number of guards; nothing moves by itself unless `threaded`."""

    def __init__(self, url: str, *, idempotent: bool = True, patience_s: float = 5.0) -> None:
        """`patience_s` is for Redis: a busy machine must not look like one that is away."""
        self.prefix = f"{{{uuid.uuid4().hex}}}:"
        self.url = url
        self._patience_s = patience_s
        self.memory = LedgerMemory(idempotent=idempotent)
        self.redis = redis.Redis.from_url(url, decode_responses=True)
        self.clock = ManualClock()
        self.guards: list[MemoryGuard] = []
        self.registry = CollectorRegistry()
        self._closing: list[Callable[[], None]] = [self.redis.close]

    def outbox(self, limit: int = 100) -> RedisOutbox:
        client = redis.Redis.from_url(self.url, **{**FRUGAL, "socket_timeout": self._patience_s})
        self._closing.append(client.close)
        return RedisOutbox(client, Policy(outbox_limit=limit, lease_s=600), self.prefix)

    def parts(self, **options) -> Parts[LedgerMemory]:
        policy = Policy(outbox_limit=options.pop("limit", 100), outbox_rate=10_000)
        chosen = {
            "memory": self.memory,
            "store": MemoryStore(policy, self.clock),
            "policy": policy,
            "clock": self.clock,
            "metrics": Metrics(self.registry),
            "dice": Dice(jitter=lambda: 1.0),
            "outbox": self.outbox(int(policy.outbox_limit)),
            "threaded": False,
            "base_mode": Mode.READ_WRITE,
        }
        return Parts(**{**chosen, **options})

    def guard(self, **options) -> MemoryGuard:
        self.guards.append(MemoryGuard(self.parts(**options)))
        return self.guards[-1]

    def lapse(self, *partitions: int) -> None:
        """Let time pass for leases: the server's clock cannot be moved, so they are removed."""
        self.redis.hdel(f"{self.prefix}outbox:leases", *(partitions or range(1, PARTITIONS + 1)))

    def depth(self) -> int:
        return self.outbox().look().depth

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0

    def close(self) -> None:
        for guard in self.guards:
            guard.close()
        for close in self._closing:
            close()


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]
