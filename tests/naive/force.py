"""What an operator forces: one key in Redis that expires, `python force.py --force rollback --ttl 600`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import redis

KEY = "naive:forced"
REDIS_ENV = "NAIVE_REDIS_URL"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Show, force or clear the memory mode.")
    verb = parser.add_mutually_exclusive_group(required=True)
    verb.add_argument("--status", action="store_true")
    verb.add_argument("--force", metavar="REASON")
    verb.add_argument("--clear", action="store_true")
    verb.add_argument("--invalidate", metavar="THREAD", help="there is no cache: nothing to do")
    verb.add_argument("--reset-failures", action="store_true", help="each worker has its own")
    parser.add_argument("--ttl", type=float, default=300.0, metavar="S")
    parser.add_argument("--mode", choices=["write_only", "off"], default="write_only")
    parser.add_argument("--json", action="store_true")
    return parser


def _status(forced: dict[str, Any] | None) -> dict[str, Any]:
    """What was forced by hand, and constants: it cannot know what the breakers in the workers do."""
    return {
        "base_mode": "read_write",
        "effective_mode": forced["mode"] if forced else "read_write",
        "phase": "held" if forced else "closed",
        "forced": forced,
        "consecutive_failures": 0,
        "probe_lease": {"held": False, "remaining_s": 0},
        "write_breaker": "closed",
        "store": {"up": True},
        "auto_downgrade": "on",
        "outbox": {"depth": 0, "oldest_s": 0},
    }


def _forced(server: redis.Redis) -> dict[str, Any] | None:
    found = server.get(KEY)
    return {**json.loads(found), "remaining_s": server.pttl(KEY) / 1000} if found else None


def main() -> None:
    """Carry out one verb."""
    options = _parser().parse_args()
    with redis.Redis.from_url(os.environ[REDIS_ENV]) as server:
        if options.status:
            sys.stdout.write(json.dumps(_status(_forced(server))) + "\n")
        elif options.clear:
            server.delete(KEY)
        elif options.force:
            forced = {"mode": options.mode, "reason": options.force, "by": "operator", "epoch": 0}
            forced["forced_at"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            server.set(KEY, json.dumps(forced), px=int(options.ttl * 1000))


if __name__ == "__main__":
    main()
