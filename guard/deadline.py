"""The read deadline, and what it would be if it followed how fast Zep answers.  No clock, no I/O.

It only ever shortens: between GUARD_DEADLINE_LEAST_MS and ZEP_TIMEOUT_MS, twice the p99 of the last reads.
Reads that were cut off count as long as they lasted.  So a deadline that became too short doubles until at
most one read in a hundred meets it, instead of learning from the survivors that all is well.
"""

from __future__ import annotations

import math
from collections import deque
from enum import StrEnum

from guard.policy import Policy

WINDOW = 1000
"""Reads of one process that are remembered (our choice: below that a p99 is a maximum of ten)."""
LEAST = 100
"""Reads before anything is concluded: a p99 of fewer is their maximum."""
HEADROOM = 2.0
"""Our choice: what lasts twice as long as 99 of 100 reads is not worth a user's waiting."""
EVERY_S = 1.0
"""Sorting the window takes 0.1 ms, off the read path."""


class Adaptive(StrEnum):
    """What the deadline that follows is used for."""

    ON = "on"
    SHADOW = "shadow"
    OFF = "off"


class Deadline:
    """`ms` is in force, `followed_ms` what would be; `took` hears each read's seconds, healthy or cut off."""

    def __init__(self, policy: Policy, adaptive: Adaptive) -> None:
        self.ms = self.followed_ms = policy.read_timeout_ms
        self.reads: deque[float] = deque(maxlen=WINDOW)
        self.took = self.reads.append
        self._bounds_ms = (min(policy.deadline_least_ms, policy.read_timeout_ms), policy.read_timeout_ms)
        self._adaptive = adaptive
        self._next = 0.0

    def follow(self, now: float) -> None:
        """Look again, once a second; called beside the reads."""
        if now < self._next or self._adaptive is Adaptive.OFF:
            return
        self._next = now + EVERY_S
        reads = sorted(self.reads.copy())  # a copy: callers append meanwhile
        if len(reads) < LEAST:
            return
        p99_ms = reads[math.ceil(0.99 * len(reads)) - 1] * 1000
        least_ms, most_ms = self._bounds_ms
        self.followed_ms = min(most_ms, max(least_ms, HEADROOM * p99_ms))
        if self._adaptive is Adaptive.ON:
            self.ms = self.followed_ms
