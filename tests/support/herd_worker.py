"""One process of a herd: 32 threads that read all the time through a guard of their own.

python herd_worker.py REDIS_URL PREFIX ZEP_URL POLICY_JSON: reads until its stdin ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import uuid
from threading import Event, Thread

from prometheus_client import CollectorRegistry

from guard import MemoryGuard, Policy
from guard.clock import Dice, SystemClock
from guard.directory import LocalDirectory
from guard.metrics import Metrics
from guard.parts import Parts
from guard.stores.connection import connect
from guard.stores.redis import RedisStore
from guard.zep.memory import ZepMemory

THREADS = 32
PAUSE_S = 0.005
"""Between two reads of a thread: 256 of them share two cores with everything else."""


def make_guard(redis_url: str, prefix: str, zep_url: str, policy: Policy) -> MemoryGuard:
    directory = LocalDirectory()
    for n in range(THREADS):
        directory.claim("thread", f"t{n}", f"uuid-{n}")
    return MemoryGuard(
        Parts(
            ZepMemory(zep_url, "a-key", directory),
            RedisStore(connect(redis_url), policy, SystemClock(), prefix),
            policy,
            metrics=Metrics(CollectorRegistry()),
            dice=Dice(new_token=lambda: f"{os.getpid()} {uuid.uuid4().hex}"),  # tells who probes
        )
    )


def main(redis_url: str, prefix: str, zep_url: str, policy: str) -> None:
    logging.getLogger("guard").setLevel(logging.CRITICAL)
    guard = make_guard(redis_url, prefix, zep_url, Policy(**json.loads(policy)))
    over = Event()

    def read(n: int) -> None:
        while not over.wait(PAUSE_S):
            guard.fetch_context(f"t{n}")

    threads = [Thread(target=read, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    print("reading", flush=True)  # noqa: T201 - for the test that started this
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    guard.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
