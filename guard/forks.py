"""What a forked child must make anew: threads die in a fork, locks and sockets are shared by mistake."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any


def in_child(method: Callable[[], Any]) -> None:
    """Call the bound `method` in every forked child, for as long as its object lives."""
    ref = weakref.WeakMethod(method)

    def run() -> None:
        alive = ref()
        if alive:
            alive()

    os.register_at_fork(after_in_child=run)
