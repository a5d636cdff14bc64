"""Asks Zep, once per lapse and for the whole fleet, whether reads may come back."""

from __future__ import annotations

from _thread import start_new_thread  # bound at import: see spawn_thread
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from guard.clock import Dice
from guard.errors import Kind
from guard.events import understood
from guard.forks import in_child
from guard.machine import Done, Lease, ProbeResult, Verb
from guard.policy import Policy
from guard.ports import Probe
from guard.watch import Watch

Spawn = Callable[[Callable[[], None]], None]
"""Runs something beside its caller."""


def spawn_thread(attempt: Callable[[], None]) -> None:
    """Run `attempt` in a thread of the listener's kind.

    gevent may turn `threading` to greenlets after the listener was made (gunicorn --preload).  A greenlet
    inside the listener's real thread would wait for a socket that this thread never yields to.
    """
    start_new_thread(attempt, ())


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: ProbeResult
    retry_after_s: float | None = None


class Prober:
    """Races the other processes for the lease; the winner repeats the read that failed."""

    def __init__(self, probe: Probe, policy: Policy, dice: Dice, spawn: Spawn = spawn_thread) -> None:
        self._probe = probe
        self._policy = policy
        self._dice = dice
        self._spawn = spawn
        self._busy = Lock()
        self._lease: Done | None = None
        in_child(self._forget_parent)

    def start(self, watch: Watch) -> None:
        """Probe beside the listener, so that it keeps hearing operators; one at a time."""
        if self._busy.acquire(blocking=False):
            self._spawn(lambda: self._attempt(watch))

    def cancel(self, watch: Watch) -> None:
        """Give a lease back, so that another process may probe at once; a late answer is fenced off."""
        if self._lease:
            watch.apply(self._lease)

    def _attempt(self, watch: Watch) -> None:
        try:
            token = self._dice.new_token()
            if watch.apply(Lease(token)) is Verb.LEASED:
                self._lease = Done(token, watch.state.epoch, ProbeResult.CANCELLED)
                watch.apply(self._done(self._lease, watch))
        finally:
            self._lease = None
            self._busy.release()

    def _done(self, lease: Done, watch: Watch) -> Done:
        try:
            outcome = self._ask(watch.state.thread)
        except BaseException:  # the process is ending, or a greenlet is being killed: says nothing about Zep
            self.cancel(watch)
            raise
        hold_s = self._policy.held_s(watch.state.holds + 1, self._dice.jitter())
        if outcome.retry_after_s is not None:
            hold_s = self._policy.told_s(outcome.retry_after_s)
        return replace(lease, result=outcome.result, hold_s=hold_s)

    def _ask(self, thread: str) -> _Outcome:
        try:
            self._probe(
                thread, timeout_ms=self._policy.probe_timeout_ms, connect_ms=self._policy.probe_connect_ms
            )
        except Exception as error:  # noqa: BLE001 - `understood` names every cause
            failure = understood(error)
            # A wrong request (a thread deleted meanwhile) was answered by a healthy Zep; a full pool of our
            # own says nothing.
            result = {Kind.CLIENT: ProbeResult.OK, Kind.LOCAL: ProbeResult.CANCELLED}
            return _Outcome(result.get(failure.kind, ProbeResult.FAILED), failure.retry_after_s)
        return _Outcome(ProbeResult.OK)

    def _forget_parent(self) -> None:
        """The probe of the parent is the parent's; its thread will never free this copy of the lock."""
        self._busy = Lock()
        self._lease = None
