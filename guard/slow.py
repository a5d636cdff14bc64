"""Notices that too many reads are slow before any is too slow: one counter a process."""

from __future__ import annotations

from guard.policy import Policy


class SlowReads:
    """Counts reads in windows that begin with a slow one; `now` and `took_s` are seconds.

    Plain ints: a fast read costs one addition and one comparison, and two threads that meet lose one count.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._slow_s = policy.slow_ms / 1000
        self._reads = self._slow = 0
        self._epoch, self._since = -1, 0.0

    def fast(self, took_s: float) -> bool:
        """Count a read; tell whether it was fast, which is all there is to say of it."""
        self._reads += 1
        return took_s < self._slow_s

    def too_many(self, epoch: int, now: float) -> bool:
        """Note that the read just counted, admitted in `epoch`, was slow; True: stop reading."""
        if epoch != self._epoch or now - self._since > self._policy.slow_window_s:
            self._epoch, self._since, self._reads, self._slow = epoch, now, 1, 0
        self._slow += 1
        enough = self._reads >= self._policy.slow_least
        return enough and self._slow >= self._policy.slow_share * self._reads
