"""What a guard is made of; `wiring` picks the parts, tests and `guard.testing` pass their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from guard.clock import Dice, SystemClock
from guard.deadline import Adaptive
from guard.directory import LocalClaims
from guard.listeners import Listener
from guard.metrics import Metrics
from guard.modes import Mode
from guard.policy import Policy
from guard.ports import Cache, Claims, Clock, Outbox, Store
from guard.redact import Redactor
from guard.shadow import AutoDowngrade

MemoryT_co = TypeVar("MemoryT_co", covariant=True)  # frozen: parts of a scripted memory are parts of a memory


@dataclass(frozen=True, slots=True)
class Parts(Generic[MemoryT_co]):
    """`memory` is a `ports.Memory`, for an asynchronous guard a `ports.AsyncMemory`; no cache means none."""

    memory: MemoryT_co
    store: Store
    policy: Policy = field(default_factory=Policy)
    base_mode: Mode = Mode.READ_WRITE
    auto_downgrade: AutoDowngrade = AutoDowngrade.ON
    adaptive: Adaptive = Adaptive.SHADOW
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)
    dice: Dice = field(default_factory=Dice)
    cache: Cache | None = None
    claims: Claims = field(default_factory=LocalClaims)
    outbox: Outbox | None = None
    redactor: Redactor = field(default_factory=Redactor)
    listeners: tuple[Listener, ...] = ()
    threaded: bool = True
    """False: nothing runs beside the caller, who steps the guard by hand (`guard.testing`)."""
