"""How soon a force in one process is the mode of another, idle and with its main thread busy.

`python push.py URL PREFIX idle|busy` is the other process: it prints the moment of every change.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

IDLE_POLL_S = 0.0002
"""How an idle process looks: adds at most this to what it sees."""


def latencies_ms(url: str, prefix: str, how: str, forces: int) -> list[float]:
    """Force so often; return how long the other process took to know, sorted."""
    from guard.clock import SystemClock
    from guard.machine import Force
    from guard.modes import Mode
    from guard.policy import Policy
    from guard.stores.connection import connect
    from guard.stores.redis import RedisStore

    store = RedisStore(connect(url), Policy(), SystemClock(), prefix)
    argv = [sys.executable, __file__, url, prefix, how]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as other:
        try:
            other.stdout.readline()  # ready
            took = []
            for n in range(forces):
                mode = Mode.OFF if n % 2 else Mode.WRITE_ONLY
                began = time.monotonic()
                store.apply(Force(mode, "manual", 600, "bench"))
                took.append((float(other.stdout.readline()) - began) * 1000)
        finally:
            other.terminate()
    store.close()
    return sorted(took)


def watch(url: str, prefix: str, how: str) -> None:
    from guard.clock import SystemClock
    from guard.policy import Policy
    from guard.stores.connection import connect
    from guard.stores.redis import RedisStore
    from guard.watch import Hooks, Watch

    hooks = Hooks(changed=lambda *_: None, lapsed=lambda: None, tick=lambda: None)
    watch = Watch(RedisStore(connect(url), Policy(), SystemClock(), prefix), Policy(), SystemClock(), hooks)
    watch.start()
    while not watch.up:
        time.sleep(IDLE_POLL_S)
    print("ready", flush=True)
    seen = watch.state.mode
    while True:
        if how == "idle":
            time.sleep(IDLE_POLL_S)
        if watch.state.mode is not seen:
            seen = watch.state.mode
            print(time.monotonic(), flush=True)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])
    watch(*sys.argv[1:4])
