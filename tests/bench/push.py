"""How soon a force in one process is the mode of another, idle and with its main thread busy.

`python push.py URL PREFIX idle|busy` is the other process: it prints the moment of every change.
CLOCK_MONOTONIC, which both read, is one clock for the whole machine.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

IDLE_POLL_S = 0.0002
"""How an idle process looks: adds at most this, and a wake-up, to what it sees."""
PAUSE_S = 0.02
"""At most, at random, before a force: back to back they would all fall between two ticks of the listener."""
GIVE_UP_S = 10.0
"""Without a change for so long the other process ends: nobody waits for a force that got lost."""


class LostError(Exception):
    """A force never arrived."""


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
    took = []
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as other:
        try:
            _moment(other.stdout)  # it has read the state
            for n in range(forces + 1):
                time.sleep(random.random() * PAUSE_S)  # noqa: S311 - spreads load, keeps no secret
                began = time.monotonic()
                store.apply(Force(Mode.OFF if n % 2 else Mode.WRITE_ONLY, "manual", 600, "bench"))
                took.append((_moment(other.stdout) - began) * 1000)
        finally:
            other.terminate()
            store.close()
    return sorted(took[1:])  # the first may have come before its listener did


def _moment(lines: IO[str] | None) -> float:
    line = lines.readline() if lines else ""
    if not line:
        raise LostError(f"a force was not seen within {GIVE_UP_S} s")
    return float(line)


def watch(url: str, prefix: str, how: str) -> None:
    """Print when it listens, then when the guard's mode is seen to change."""
    from tests.bench.contenders import our_guard

    guard = our_guard(url, prefix=prefix)
    seen, last = None, time.monotonic()
    while time.monotonic() - last < GIVE_UP_S:
        if guard.mode is not seen:
            seen, last = guard.mode, time.monotonic()
            print(last, flush=True)
        if how == "idle":
            time.sleep(IDLE_POLL_S)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])  # not this folder: its guard.py is not the package
    watch(*sys.argv[1:4])
