"""A real Redis store that can be told that time has passed."""

from __future__ import annotations

import redis


def age(client: redis.Redis, key: str, seconds: float) -> None:
    """Let time pass for a Redis store: its server's clock cannot be moved, so its records are made older."""
    record = client.hgetall(key)
    moved = {f: int(record[f]) - seconds * 1000 for f in ("since", "until", "lease_until") if int(record[f])}
    moved["failed_at"] = " ".join(f"{int(at) - seconds * 1000:.0f}" for at in record["failed_at"].split())
    client.hset(key, mapping={f: v if isinstance(v, str) else f"{v:.0f}" for f, v in moved.items()})
