"""The only place that picks implementations."""

from __future__ import annotations

from typing import TypeVar

from guard.aio import AsyncMemoryGuard
from guard.clock import SystemClock
from guard.directory import LocalClaims, LocalDirectory
from guard.errors import SettingsError
from guard.metrics import Metrics
from guard.parts import Parts
from guard.ports import AsyncMemory, Cache, Claims, Directory, Memory, Store
from guard.service import MemoryGuard
from guard.settings import Settings
from guard.stores.memory import LocalCache, MemoryStore

M = TypeVar("M")


def build(settings: Settings, metrics: Metrics | None = None, memory: Memory | None = None) -> MemoryGuard:
    """Return a running guard for Zep Cloud, or for a `memory` of your own.

    Without a Redis URL its state is this process's own.  Raises SettingsError for what is missing.
    """
    if memory is None:
        _need_sdk()
        from guard.zep.memory import ZepMemory  # noqa: PLC0415 - the SDK takes 0.4 s to import, and is an extra

        memory = ZepMemory(settings.base_url, settings.api_key, _directory(settings))
    return MemoryGuard(_parts(settings, metrics, memory))


def build_async(
    settings: Settings, metrics: Metrics | None = None, memory: AsyncMemory | None = None
) -> AsyncMemoryGuard:
    """Return a running guard for asyncio; see `build`."""
    if memory is None:
        _need_sdk()
        from guard.zep.aio import AsyncZepMemory  # noqa: PLC0415 - see build

        memory = AsyncZepMemory(settings.base_url, settings.api_key, _directory(settings))
    return AsyncMemoryGuard(_parts(settings, metrics, memory))


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name."""
    if not settings.redis_url:
        return MemoryStore(settings.policy, SystemClock())
    from guard.stores.connection import connect  # noqa: PLC0415 - redis takes 0.1 s to import
    from guard.stores.redis import RedisStore  # noqa: PLC0415

    return RedisStore(connect(settings.redis_url), settings.policy, SystemClock(), settings.prefix)


def open_cache(settings: Settings) -> Cache:
    """Return the cache of contexts that the settings name."""
    if not settings.redis_url:
        return LocalCache(SystemClock())
    from guard.stores.cache import RedisCache  # noqa: PLC0415 - see open_store
    from guard.stores.connection import connect  # noqa: PLC0415

    return RedisCache(connect(settings.redis_url).hasty, SystemClock(), settings.prefix)


def _parts(settings: Settings, metrics: Metrics | None, memory: M) -> Parts[M]:
    return Parts(
        memory=memory,
        store=open_store(settings),
        policy=settings.policy,
        base_mode=settings.base_mode,
        auto_downgrade=settings.auto_downgrade,
        metrics=metrics or Metrics(),
        cache=open_cache(settings) if settings.policy.context_ttl_s else None,
        claims=_claims(settings),
    )


def _directory(settings: Settings) -> Directory:
    local = LocalDirectory()
    if not settings.redis_url:
        return local
    from guard.stores.connection import connect  # noqa: PLC0415 - see open_store
    from guard.stores.directory import SharedDirectory  # noqa: PLC0415

    return SharedDirectory(connect(settings.redis_url).hasty, local, settings.prefix)


def _claims(settings: Settings) -> Claims:
    if not settings.redis_url:
        return LocalClaims()
    from guard.stores.claims import SharedClaims  # noqa: PLC0415 - see open_store
    from guard.stores.connection import connect  # noqa: PLC0415

    return SharedClaims(connect(settings.redis_url).hasty, settings.prefix)


def _need_sdk() -> None:
    try:
        import httpx  # noqa: F401, PLC0415
        import zep_cloud  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: pip install 'zep-guard[zep]'") from None
