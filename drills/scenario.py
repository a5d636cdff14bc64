"""A drill is a value: what to break, what must follow, why anybody should care."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.faults import Fault

CONTEXT_READ = "GET /api/*/threads/*/context"
"""The route of reads, in every version of Zep's API."""
ZEP, REDIS = "zep", "redis"
"""Proxies as a drill names them; the runner puts in the target's own names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Break with `faults`; once the downgrade is seen, `deepen` keeps things broken until the heal.

    So `faults` can be exactly as many bad answers as must suffice: a guard that needs more never trips.
    """

    name: str
    title: str
    why: str
    """One sentence for the engineer on call."""
    reason: str
    """The reason that the guard must give for the downgrade."""
    faults: tuple[Fault, ...]
    deepen: tuple[Fault, ...] = ()
    needs_failures: int = 1
    """Failed reads after which the guard must have downgraded."""
    hold_again: bool = False
    """The fault outlives the first probe: expect another hold, reason ``probe_failed``."""
    writes_stored: bool = True
    """Whether Zep can take writes while the fault is in place."""
    degraded_s: float = 0.5
    """How long to watch the degraded state at least before healing; keep it well below the hold."""
    about_s: float = 7.0
    """What the drill takes, for lists; with a hold of 2 s."""
