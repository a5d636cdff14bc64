"""The only place that picks implementations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from guard.aio import AsyncMemoryGuard
from guard.clock import SystemClock
from guard.directory import LocalClaims, LocalDirectory
from guard.errors import SettingsError
from guard.metrics import Metrics
from guard.parts import Parts
from guard.ports import AsyncMemory, Cache, Claims, Directory, Memory, Store
from guard.redact import Redactor
from guard.service import MemoryGuard
from guard.settings import Settings
from guard.stores.memory import LocalCache, MemoryStore

M = TypeVar("M")


def build(settings: Settings, metrics: Metrics | None = None, memory: Memory | None = None) -> MemoryGuard:
    """Return a running guard for Zep Cloud, or for a `memory` of your own.

    Without a Redis URL its state is this process's own.  Raises SettingsError for what is missing.
    """
    hands = open_hands(settings, hasty=True)
    if memory is None:
        _need_sdk()
        from guard.zep.memory import ZepMemory  # noqa: PLC0415 - the SDK takes 0.4 s to import, and is an extra

        memory = ZepMemory(settings.base_url, settings.api_key, hands.directory)
    return MemoryGuard(_parts(settings, metrics, memory, hands))


def build_async(
    settings: Settings, metrics: Metrics | None = None, memory: AsyncMemory | None = None
) -> AsyncMemoryGuard:
    """Return a running guard for asyncio; see `build`."""
    hands = open_hands(settings, hasty=True)
    if memory is None:
        _need_sdk()
        from guard.zep.aio import AsyncZepMemory  # noqa: PLC0415 - see build

        memory = AsyncZepMemory(settings.base_url, settings.api_key, hands.directory)
    return AsyncMemoryGuard(_parts(settings, metrics, memory, hands))


@dataclass(frozen=True, slots=True)
class Hands:
    """What keeps the fleet's knowledge: in Redis for all processes, or in this one alone."""

    store: Store
    cache: Cache
    directory: Directory
    claims: Claims


def open_hands(settings: Settings, *, hasty: bool = False) -> Hands:
    """Return what the settings name; `hasty` where a caller waits for the cache."""
    clock, directory = SystemClock(), LocalDirectory()
    if not settings.redis_url:
        return Hands(MemoryStore(settings.policy, clock), LocalCache(clock), directory, LocalClaims())
    from guard.stores.cache import RedisCache  # noqa: PLC0415 - redis takes 0.1 s to import
    from guard.stores.claims import SharedClaims  # noqa: PLC0415
    from guard.stores.connection import connect  # noqa: PLC0415
    from guard.stores.directory import SharedDirectory  # noqa: PLC0415
    from guard.stores.redis import RedisStore  # noqa: PLC0415

    prefix = settings.prefix
    connections = connect(settings.redis_url, prefix)
    return Hands(
        RedisStore(connections, settings.policy, clock, prefix),
        RedisCache(connections.hasty if hasty else connections.patient, clock, prefix),
        SharedDirectory(connections.hasty, directory, prefix),
        SharedClaims(connections.hasty, prefix),
    )


def _parts(settings: Settings, metrics: Metrics | None, memory: M, hands: Hands) -> Parts[M]:
    return Parts(
        memory=memory,
        store=hands.store,
        policy=settings.policy,
        base_mode=settings.base_mode,
        auto_downgrade=settings.auto_downgrade,
        metrics=metrics or Metrics(),
        cache=hands.cache if settings.policy.context_ttl_s else None,
        claims=hands.claims,
        redactor=Redactor(settings.redact),
    )


def _need_sdk() -> None:
    try:
        import httpx  # noqa: F401, PLC0415
        import zep_cloud  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: pip install 'zep-guard[zep]'") from None
