"""Faults of the local stack's own parts: its processes and clocks, Redis from inside, Zep's key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from chaos.faults import Failover, Flushed, KeyRejected, Pause, ProcessFault, RedisFault
from chaos.stack import undo

if TYPE_CHECKING:
    from chaos.injectors.double import Double
    from chaos.injectors.processes import Processes
    from chaos.injectors.redis import RedisServer

StackFault = ProcessFault | RedisFault | KeyRejected


class Pair(Protocol):
    """A Redis with a second one; raises `InjectorError`."""

    @property
    def failed_over(self) -> bool:
        """Tell whether the second one is in charge."""

    def fail_over(self) -> None:
        """Give it charge."""

    def fail_back(self) -> None:
        """Take it back."""


class StackInjector:
    """Every method raises `InjectorError`, one line."""

    def __init__(self, processes: Processes, redis: RedisServer, pair: Pair, double: Double) -> None:
        self._processes, self._redis, self._pair, self._double = processes, redis, pair, double
        self._before: dict[str, dict[str, Any]] = {}

    def undo(self, name: str, fault: StackFault) -> dict[str, Any] | None:
        """Return what the keeper is armed with; None for what ends with the stack, or cannot be undone."""
        match fault:
            case ProcessFault():
                chosen = self._processes.choose(name, fault)
                return undo.resume(chosen) if isinstance(fault, Pause) else None
            case KeyRejected():
                return undo.double(self._double.url)
            case Failover() | Flushed():
                return None
        self._before[name] = self._redis.undo(fault)
        return undo.redis(self._redis.url, self._before[name])

    def apply(self, name: str, fault: StackFault) -> None:
        match fault:
            case ProcessFault():
                self._processes.apply(name, fault)
            case Failover():
                self._pair.fail_over()
            case RedisFault():
                self._redis.apply(fault)
            case KeyRejected():
                self._double.reject_keys()

    def heal(self, name: str, fault: StackFault) -> None:
        match fault:
            case ProcessFault():
                self._processes.heal(name, fault)
            case Failover():
                self._pair.fail_back()
            case RedisFault():
                self._redis.heal(self._before.get(name, {}))
            case KeyRejected():
                self._double.accept_keys()

    def in_force(self, name: str, fault: StackFault) -> bool:
        match fault:
            case ProcessFault():
                return self._processes.in_force(name, fault)
            case Failover():
                return self._pair.failed_over
            case RedisFault():
                return self._redis.in_force(fault)
            case KeyRejected():
                return self._double.rejects_keys()
