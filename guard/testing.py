"""For the tests of an application: a guard in any mode, without Redis, Zep, threads or waiting.

world = World()
world.memory.fails(Kind.AUTH)          # what Zep answers from now on
handle_chat(world.guard, "hello")      # your code
assert world.guard.mode is Mode.WRITE_ONLY
world.memory.says("likes tea")
world.advance(300)                     # the hold lapses, one probe succeeds
assert world.guard.mode is Mode.READ_WRITE
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from prometheus_client import CollectorRegistry

from guard.aio import AsyncMemoryGuard
from guard.clock import Dice
from guard.deadline import Adaptive
from guard.errors import Kind, MemoryFailure
from guard.listeners import Listener
from guard.machine import Clear, Force
from guard.metrics import Metrics
from guard.modes import Mode
from guard.parts import Parts
from guard.policy import Policy
from guard.ports import Message, Probe, Reading
from guard.service import MemoryGuard
from guard.shadow import AutoDowngrade
from guard.stores.memory import LocalCache, MemoryStore


class ManualClock:
    """Implements `ports.Clock`: time that moves when told to, and when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return seconds."""
        return self.now

    def wall(self) -> float:
        """Return seconds since 1970: the clock starts in 2026."""
        return 1_767_225_600.0 + self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Write:
    """One call of `write` as the backend saw it: after redaction and splitting."""

    thread_id: str
    messages: list[Message]
    idempotency_key: str
    timeout_ms: float
    user_id: str | None
    return_context: bool


@dataclass
class ScriptedMemory:
    """Implements `ports.Memory`: answers as told and records what it was asked."""

    idempotent: bool = True
    reads: list[str] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    _answer: Reading | BaseException = Reading("facts")  # noqa: RUF009 - frozen
    _writes_fail: list[Exception | None] = field(default_factory=list)

    def says(self, text: str | None) -> None:
        """From now on every thread has this context; None is an empty memory."""
        self._answer = Reading(text)

    def fails(
        self, kind: Kind, *, status_code: int | None = None, retry_after_s: float | None = None
    ) -> None:
        """From now on reads and probes fail."""
        self._answer = MemoryFailure(kind, status_code=status_code, retry_after_s=retry_after_s)

    def refuses(self, kind: Kind, times: int = 1, *, retry_after_s: float | None = None) -> None:
        """The next so many writes fail."""
        self._writes_fail += [MemoryFailure(kind, retry_after_s=retry_after_s)] * times

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:  # noqa: ARG002 - answers at once
        """Answer as told."""
        self.reads.append(thread_id)
        return self._told()

    def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        """Record the call, then fail as told or return the context that reads would get."""
        self.writes.append(
            Write(thread_id, list(messages), idempotency_key, timeout_ms, user_id, return_context)
        )
        failure = self._writes_fail.pop(0) if self._writes_fail else None
        if failure:
            raise failure
        return self._answer.text if return_context and isinstance(self._answer, Reading) else None

    def probe(self, thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:  # noqa: ARG002 - at once
        """Answer as told."""
        self.probes.append(thread_id)
        self._told()

    def close(self) -> None:
        """Nothing to give up."""

    def _told(self) -> Reading:
        if isinstance(self._answer, BaseException):
            raise self._answer.with_traceback(None)
        return self._answer


class AsyncScriptedMemory:
    """Implements `ports.AsyncMemory` in front of a ScriptedMemory."""

    def __init__(self, scripted: ScriptedMemory) -> None:
        self._scripted = scripted
        self.idempotent = scripted.idempotent
        self.probe: Probe = scripted.probe

    async def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        """Answer as told."""
        return self._scripted.read(thread_id, timeout_ms=timeout_ms)

    async def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        """Record the call, then answer as told."""
        return self._scripted.write(
            thread_id,
            messages,
            timeout_ms=timeout_ms,
            user_id=user_id,
            idempotency_key=idempotency_key,
            return_context=return_context,
        )

    async def aclose(self) -> None:
        """Nothing to give up."""


class World:
    """A guard, its backend, its clock and its metrics; nothing in it moves by itself."""

    def __init__(
        self,
        base_mode: Mode = Mode.READ_WRITE,
        policy: Policy | None = None,
        memory: ScriptedMemory | None = None,
        *,
        cached: bool = False,
        auto_downgrade: AutoDowngrade = AutoDowngrade.ON,
        adaptive: Adaptive = Adaptive.SHADOW,
        dice: Dice | None = None,
        listeners: tuple[Listener, ...] = (),
    ) -> None:
        policy = policy or Policy()
        self.clock = ManualClock()
        self.memory = memory or ScriptedMemory()
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self._store = MemoryStore(policy, self.clock)
        self._parts = Parts(
            memory=self.memory,
            store=self._store,
            policy=policy,
            base_mode=base_mode,
            auto_downgrade=auto_downgrade,
            adaptive=adaptive,
            clock=self.clock,
            metrics=self.metrics,
            dice=dice or Dice(jitter=lambda: 1.0),
            cache=LocalCache(self.clock, stale_s=policy.stale_s) if cached or policy.stale_s else None,
            listeners=listeners,
            threaded=False,
        )
        self.guard = MemoryGuard(self._parts)

    def async_guard(self) -> AsyncMemoryGuard:
        """Return a guard for asyncio in the same world."""
        parts: Parts[Any] = self._parts
        return AsyncMemoryGuard(replace(parts, memory=AsyncScriptedMemory(self.memory)))

    def force(self, mode: Mode, *, reason: str = "manual", ttl_s: float = 300.0) -> None:
        """Hold the fleet as an operator would."""
        self._store.apply(Force(mode, reason, ttl_s, "test"))
        self.advance(0)

    def clear(self) -> None:
        """End any hold as an operator would."""
        self._store.apply(Clear("test"))
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """Let time pass; a hold that lapses is probed at once, here."""
        self.clock.advance(seconds)
        self.guard.step()

    def metric(self, name: str, **labels: str) -> float | None:
        """Return a sample as Prometheus would see it."""
        return self.registry.get_sample_value(name, labels)
