"""What is told during drills: a line for each phase, and a live one below where it can be written over."""

from __future__ import annotations

import time
from collections.abc import Callable

from drills.observe import Seen
from drills.scenario import Drill

LOOK_EVERY_S = 0.1
WORKERS_SHOWN = 4


class Progress:
    """`say` gets lines that stay; `show` one that replaces the last: every worker's mode, the hold's end."""

    def __init__(
        self,
        say: Callable[[str], None],
        hold_s: float = 0.0,
        show: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._show = show
        self._hold_s = hold_s
        self._clock = clock
        self._drill = self._phase = ""
        self._countdown = Countdown(hold_s)
        self._looked = float("-inf")

    def phase(self, drill: Drill, phase: str, t_s: float) -> None:
        """Tell that a phase has begun, at this second of the run."""
        if drill.name != self._drill:
            own_hold_s: float | None = getattr(drill, "hold_s", None)
            self._countdown = Countdown(self._hold_s if own_hold_s is None else own_hold_s)
        self._drill, self._phase = drill.name, phase
        self._say(f"{drill.name:<32} {phase:<26} +{t_s:.1f} s")

    def look(self, seen: Seen) -> None:
        """Show where things stand; called with the audience's lock held, at least every 100 ms."""
        now = self._clock()
        if self._show is None or now - self._looked < LOOK_EVERY_S:
            return
        self._looked = now
        told = (self._drill, self._phase, modes(seen), self._countdown.told(seen, now))
        self._show("  ".join(part for part in told if part))


class Countdown:
    """How long a hold lasts, as far as answers tell: from the first degraded one, anew when held again."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._since: float | None = None
        self._reasons: set[str | None] = set()

    def told(self, seen: Seen, now: float) -> str:
        """Return what to show; nothing while nothing is held."""
        if not seen.any_degraded():
            self._since = None
            return ""
        reasons = {seen.reason.get(worker) for worker in seen.mode}
        if self._since is None or reasons - self._reasons:
            self._since = now
        self._reasons = reasons
        left_s = self._since + self._hold_s - now
        return f"hold {left_s:.1f} s" if left_s > 0 else "hold over, probe due"


def modes(seen: Seen) -> str:
    """Name the mode of each worker, of a large fleet the first four."""
    told = [f"{worker or 'application'} {mode}" for worker, mode in list(seen.mode.items())[:WORKERS_SHOWN]]
    more = len(seen.mode) - len(told)
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")
