"""The only place that picks implementations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TypeVar

from prometheus_client import CollectorRegistry

from guard.aio import AsyncMemoryGuard
from guard.clock import SystemClock
from guard.directory import LocalClaims, LocalDirectory
from guard.errors import SettingsError
from guard.listeners import Listener
from guard.metrics import Metrics
from guard.modes import Mode
from guard.parts import Parts
from guard.ports import AsyncMemory, Cache, Claims, Directory, Memory, Outbox, Store
from guard.redact import Redactor
from guard.service import MemoryGuard
from guard.settings import Settings
from guard.stores.memory import LocalCache, MemoryStore

M = TypeVar("M")


def build(
    settings: Settings,
    metrics: Metrics | None = None,
    memory: Memory | None = None,
    listeners: Sequence[Listener] = (),
) -> MemoryGuard:
    """Return a running guard for Zep Cloud, or for a `memory` of your own; `listeners` hear of outages.

    Without a Redis URL its state is this process's own.  Raises SettingsError for what is missing.
    """
    hands = open_hands(settings, hasty=True)
    memory, metrics = memory or _zep(settings, hands), metrics or Metrics()
    if settings.otel:
        memory = _otel(metrics).TracedMemory(memory)
    return MemoryGuard(_parts(settings, metrics, memory, hands, listeners))


def build_drainer(settings: Settings, memory: Memory | None = None) -> MemoryGuard:
    """Return a guard that does nothing but `drain()` when told: what `zep-mode --drain` uses.

    It writes and has an outbox whatever the flags of its own environment say; a force of the fleet holds.
    """
    policy = replace(settings.policy, outbox_limit=settings.policy.outbox_limit or 1)
    chosen = replace(settings, base_mode=Mode.WRITE_ONLY, policy=policy)
    hands = open_hands(chosen)
    parts = _parts(chosen, Metrics(CollectorRegistry()), memory or _zep(chosen, hands), hands, ())
    return MemoryGuard(replace(parts, threaded=False))


def build_async(
    settings: Settings,
    metrics: Metrics | None = None,
    memory: AsyncMemory | None = None,
    listeners: Sequence[Listener] = (),
) -> AsyncMemoryGuard:
    """Return a running guard for asyncio; see `build`."""
    hands = open_hands(settings, hasty=True)
    if memory is None:
        _need_sdk()
        from guard.zep.aio import AsyncZepMemory  # noqa: PLC0415 - see _zep

        memory = AsyncZepMemory(settings.base_url, settings.api_key, hands.directory)
    metrics = metrics or Metrics()
    if settings.otel:
        memory = _otel(metrics).AsyncTracedMemory(memory)
    return AsyncMemoryGuard(_parts(settings, metrics, memory, hands, listeners))


@dataclass(frozen=True, slots=True)
class Hands:
    """What keeps the fleet's knowledge: in Redis for all processes, or in this one alone."""

    store: Store
    cache: Cache
    directory: Directory
    claims: Claims
    outbox: Outbox | None = None
    """In Redis or not at all: one that dies with its process could promise nothing."""

    def close(self) -> None:
        """Give up connections."""
        self.store.close()
        if self.outbox:
            self.outbox.close()


def open_hands(settings: Settings, *, hasty: bool = False) -> Hands:
    """Return what the settings name; `hasty` where a caller waits for the cache."""
    clock, directory, stale_s = SystemClock(), LocalDirectory(), settings.policy.stale_s
    if not settings.redis_url:
        if settings.policy.outbox_limit:
            raise SettingsError("GUARD_OUTBOX needs a Redis: set GUARD_REDIS_URL, or GUARD_OUTBOX=0")
        return Hands(
            MemoryStore(settings.policy, clock), LocalCache(clock, stale_s=stale_s), directory, LocalClaims()
        )
    from guard.stores.cache import RedisCache  # noqa: PLC0415 - redis takes 0.1 s to import
    from guard.stores.claims import SharedClaims  # noqa: PLC0415
    from guard.stores.connection import connect  # noqa: PLC0415
    from guard.stores.directory import SharedDirectory  # noqa: PLC0415
    from guard.stores.outbox import RedisOutbox  # noqa: PLC0415
    from guard.stores.redis import RedisStore  # noqa: PLC0415

    prefix = settings.prefix
    connections = connect(settings.redis_url, prefix)
    own = connect(settings.redis_url, prefix) if settings.policy.outbox_limit else connections
    return Hands(
        RedisStore(connections, settings.policy, clock, prefix),
        RedisCache(connections.hasty if hasty else connections.patient, clock, prefix, stale_s),
        SharedDirectory(connections, directory, prefix),
        SharedClaims(connections.hasty, prefix),
        RedisOutbox(own.patient, settings.policy, prefix),
    )


def _parts(
    settings: Settings, metrics: Metrics, memory: M, hands: Hands, listeners: Sequence[Listener]
) -> Parts[M]:
    return Parts(
        memory=memory,
        store=hands.store,
        policy=settings.policy,
        base_mode=settings.base_mode,
        auto_downgrade=settings.auto_downgrade,
        adaptive=settings.adaptive,
        metrics=metrics,
        cache=hands.cache if settings.policy.context_ttl_s or settings.policy.stale_s else None,
        claims=hands.claims,
        outbox=hands.outbox if settings.policy.outbox_limit else None,
        redactor=Redactor(settings.redact),
        listeners=tuple(listeners),
    )


def _zep(settings: Settings, hands: Hands) -> Memory:
    _need_sdk()
    from guard.zep.memory import ZepMemory  # noqa: PLC0415 - the SDK takes 0.4 s to import, and is an extra

    return ZepMemory(settings.base_url, settings.api_key, hands.directory)


def _otel(metrics: Metrics) -> ModuleType:
    try:
        from guard import otel  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise SettingsError(f"GUARD_OTEL: {error.name} is missing: pip install 'zep-guard[otel]'") from None
    otel.observe(metrics)
    return otel


def _need_sdk() -> None:
    try:
        import httpx  # noqa: F401, PLC0415
        import zep_cloud  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: pip install 'zep-guard[zep]'") from None
