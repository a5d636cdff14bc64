"""Where implementations are picked and the environment is read: once, when asked, never at import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from guard.clock import SystemClock
from guard.directory import LocalDirectory
from guard.errors import SettingsError
from guard.metrics import Metrics
from guard.modes import Mode, mode_of
from guard.policy import Policy
from guard.ports import Directory, Store
from guard.service import MemoryGuard, Parts
from guard.shadow import AutoDowngrade
from guard.stores.memory import MemoryStore

CLOUD_URL = "https://api.getzep.com/api/v4"
TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off", "")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, typed; `from_env` reads the names that the field comments give."""

    base_mode: Mode = Mode.OFF  # FLAG_ZEP_READ, FLAG_ZEP_WRITE
    auto_downgrade: AutoDowngrade = AutoDowngrade.ON  # GUARD_AUTO_DOWNGRADE
    base_url: str = CLOUD_URL  # ZEP_BASE_URL or ZEP_API_URL
    api_key: str = field(default="", repr=False)  # ZEP_API_KEY
    redis_url: str = field(default="", repr=False)  # GUARD_REDIS_URL or REDIS_URL; may hold a password
    prefix: str = "{mem}:"  # GUARD_PREFIX
    policy: Policy = field(default_factory=Policy)
    """ZEP_TIMEOUT_MS, GUARD_WRITE_TIMEOUT_MS, GUARD_PROBE_TIMEOUT_MS, GUARD_HOLD_S, GUARD_LEASE_S,
    GUARD_WRITE_HOLD_S."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read settings; raise SettingsError that names the variable and what it may be."""
        default = Policy()
        return cls(
            base_mode=mode_of(reads=_flag(environ, "FLAG_ZEP_READ"), writes=_flag(environ, "FLAG_ZEP_WRITE")),
            auto_downgrade=_auto_downgrade(environ),
            base_url=_url(environ),
            api_key=environ.get("ZEP_API_KEY", ""),
            redis_url=environ.get("GUARD_REDIS_URL") or environ.get("REDIS_URL", ""),
            prefix=_prefix(environ),
            policy=Policy(
                read_timeout_ms=_positive(environ, "ZEP_TIMEOUT_MS", default.read_timeout_ms),
                write_timeout_ms=_positive(environ, "GUARD_WRITE_TIMEOUT_MS", default.write_timeout_ms),
                write_hold_s=_positive(environ, "GUARD_WRITE_HOLD_S", default.write_hold_s),
                probe_timeout_ms=_positive(environ, "GUARD_PROBE_TIMEOUT_MS", default.probe_timeout_ms),
                hold_s=_positive(environ, "GUARD_HOLD_S", default.hold_s),
                lease_s=_positive(environ, "GUARD_LEASE_S", default.lease_s),
            ),
        )


def build(settings: Settings, metrics: Metrics | None = None) -> MemoryGuard:
    """Return a running guard for Zep Cloud; without a Redis URL its state is this process's own."""
    try:
        from guard.zep.memory import ZepMemory  # noqa: PLC0415 - the SDK takes 0.4 s to import and is an extra
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: pip install 'zep-guard[zep]'") from None

    directory = _directory(settings)
    return MemoryGuard(
        Parts(
            memory=ZepMemory(settings.base_url, settings.api_key, directory),
            store=open_store(settings),
            policy=settings.policy,
            base_mode=settings.base_mode,
            auto_downgrade=settings.auto_downgrade,
            metrics=metrics or Metrics(),
        )
    )


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name."""
    clock = SystemClock()
    if not settings.redis_url:
        return MemoryStore(settings.policy, clock)
    from guard.stores.redis import RedisStore, connect  # noqa: PLC0415 - redis takes 0.1 s to import

    return RedisStore(connect(settings.redis_url), settings.policy, clock, settings.prefix)


def _directory(settings: Settings) -> Directory:
    local = LocalDirectory()
    if not settings.redis_url:
        return local
    from guard.stores.directory import SharedDirectory  # noqa: PLC0415 - see open_store
    from guard.stores.redis import connect  # noqa: PLC0415

    return SharedDirectory(connect(settings.redis_url), local, settings.prefix)


def _auto_downgrade(environ: Mapping[str, str]) -> AutoDowngrade:
    raw = environ.get("GUARD_AUTO_DOWNGRADE", "").strip().lower() or "on"
    if raw not in list(AutoDowngrade):
        raise SettingsError(
            f"GUARD_AUTO_DOWNGRADE={raw!r} is not usable: use one of {', '.join(AutoDowngrade)}"
        )
    return AutoDowngrade(raw)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").strip().lower()
    if value not in TRUE + FALSE:
        raise SettingsError(f"{name}={value!r} is not a switch: use one of {', '.join(TRUE + FALSE[:-1])}")
    return value in TRUE


def _positive(environ: Mapping[str, str], name: str, default: float) -> float:
    raw = environ.get(name, "").strip()
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SettingsError(f"{name}={raw!r} is not usable: give a number above 0")
    return value


def _url(environ: Mapping[str, str]) -> str:
    url = environ.get("ZEP_BASE_URL") or environ.get("ZEP_API_URL") or CLOUD_URL
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"ZEP_BASE_URL={url!r} is not a URL: give https://host/api/v4")
    return url


def _prefix(environ: Mapping[str, str]) -> str:
    prefix = environ.get("GUARD_PREFIX", "{mem}:")
    if "{" not in prefix or "}" not in prefix:
        raise SettingsError(f"GUARD_PREFIX={prefix!r} has no hash tag: give something like {{mem}}:")
    return prefix
