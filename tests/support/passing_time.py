"""Clocks and stores that can be told that time has passed."""

from __future__ import annotations

import redis


class ManualClock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_767_225_600.0 + self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def advance(self, seconds: float) -> None:
        self.now += seconds


def age(client: redis.Redis, key: str, seconds: float) -> None:
    """Let time pass for a Redis store: its server's clock cannot be moved, so its records are made older."""
    record = client.hgetall(key)
    moved = {f: int(record[f]) - seconds * 1000 for f in ("since", "until", "lease_until") if int(record[f])}
    moved["failed_at"] = " ".join(f"{int(at) - seconds * 1000:.0f}" for at in record["failed_at"].split())
    client.hset(key, mapping={f: v if isinstance(v, str) else f"{v:.0f}" for f, v in moved.items()})
