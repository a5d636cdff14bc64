"""Asks Zep, once per lapse and for the whole fleet, whether reads may come back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock, Thread

from guard.errors import Kind, MemoryFailure
from guard.machine import Done, Lease, ProbeResult, Verb
from guard.policy import Policy
from guard.ports import Memory
from guard.watch import Watch

log = logging.getLogger("guard")


class Prober:
    """Races the other processes for the lease; the winner repeats the read that failed."""

    def __init__(self, memory: Memory, policy: Policy, new_token: Callable[[], str]) -> None:
        self._memory = memory
        self._policy = policy
        self._new_token = new_token
        self._busy = Lock()

    def start(self, watch: Watch) -> None:
        """Probe in a thread of its own, so that the listener keeps hearing operators; one at a time."""
        if self._busy.acquire(blocking=False):
            Thread(target=self._attempt, args=(watch,), name="zep-guard-probe", daemon=True).start()

    def _attempt(self, watch: Watch) -> None:
        try:
            token = self._new_token()
            if watch.apply(Lease(token)) is Verb.LEASED:
                epoch = watch.state.epoch
                watch.apply(Done(token, epoch, self._ask(watch.state.thread)))
        finally:
            self._busy.release()

    def _ask(self, thread: str) -> ProbeResult:
        try:
            self._memory.probe(
                thread, timeout_ms=self._policy.probe_timeout_ms, connect_ms=self._policy.probe_connect_ms
            )
        except MemoryFailure as failure:
            # A wrong request (a thread deleted meanwhile) was answered by a healthy Zep.
            return ProbeResult.OK if failure.kind is Kind.CLIENT else ProbeResult.FAILED
        except Exception:  # a bug of the backend: hold on, rather than ask again at once
            log.exception("the probe stumbled")
            return ProbeResult.FAILED
        return ProbeResult.OK
