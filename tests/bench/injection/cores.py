"""Where processes run: at one connection the scheduler's choice costs more than any proxy does.

On a virtual machine with two cores a direct answer takes 10 us or 90 us, as client and upstream happen to
share a core or to wake each other's idle one; and once they share one they may stay so under full load.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

CAN = hasattr(os, "sched_setaffinity")
"""Linux; elsewhere everybody stays where they are."""


@contextmanager
def sharing_one(pids: Sequence[int]) -> Iterator[None]:
    """Keep these processes on one core for a while: what one of them adds is its own work and two switches."""
    if not CAN:
        yield
        return
    anywhere = os.sched_getaffinity(0)
    place(pids, {max(anywhere)})
    try:
        yield
    finally:
        place(pids, anywhere)


def spread(pids: Sequence[int]) -> None:
    """Put the first process on a core of its own, then let the scheduler do as it likes."""
    if CAN:
        anywhere = os.sched_getaffinity(0)
        own = {min(anywhere)}
        place(pids[:1], own)
        place(pids[1:], anywhere - own or anywhere)
        place(pids, anywhere)


def place(pids: Iterable[int], cores: set[int]) -> None:
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):  # it has ended since
                os.sched_setaffinity(int(thread.name), cores)
