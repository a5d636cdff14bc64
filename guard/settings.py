"""All that can be set: typed, read from the environment when asked, never at import."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from guard.deadline import Adaptive
from guard.errors import SettingsError
from guard.modes import Mode, mode_of
from guard.policy import ALL, RAMP, Policy
from guard.redact import KINDS, RedactPolicy
from guard.redact.own import own_family
from guard.shadow import AutoDowngrade

E = TypeVar("E", bound=StrEnum)

TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off", "")
WEEK_S = 604_800.0
MINUTE_MS = 60_000.0
LEAST_KEY, MOST_KEY = 16, 64
"""Bytes of a surrogate key: fewer can be guessed, blake2b takes no more."""
NUMBERS = {
    "ZEP_TIMEOUT_MS": ("read_timeout_ms", 1.0, MINUTE_MS),
    "GUARD_DEADLINE_LEAST_MS": ("deadline_least_ms", 1.0, MINUTE_MS),
    "GUARD_WRITE_TIMEOUT_MS": ("write_timeout_ms", 1.0, MINUTE_MS),
    "GUARD_PROBE_TIMEOUT_MS": ("probe_timeout_ms", 1.0, MINUTE_MS),
    "GUARD_SLOW_MS": ("slow_ms", 0.0, MINUTE_MS),
    "GUARD_SLOW_SHARE": ("slow_share", 0.01, 1.0),
    "GUARD_HOLD_S": ("hold_s", 0.01, WEEK_S),
    "GUARD_HOLD_GROWTH": ("hold_growth", 1.0, 10.0),
    "GUARD_HOLD_CAP_S": ("hold_cap_s", 0.01, WEEK_S),
    "GUARD_HOLD_JITTER": ("hold_jitter", 0.0, 1.0),
    "GUARD_LEASE_S": ("lease_s", 0.01, WEEK_S),
    "GUARD_WRITE_HOLD_S": ("write_hold_s", 0.01, WEEK_S),
    "GUARD_CACHE_S": ("context_ttl_s", 0.0, WEEK_S),
    "GUARD_STALE_S": ("stale_s", 0.0, WEEK_S),
    "GUARD_NEGATIVE_CACHE_S": ("negative_ttl_s", 0.001, WEEK_S),
    "GUARD_OUTBOX": ("outbox_limit", 0.0, 1_000_000.0),
    "GUARD_OUTBOX_RATE": ("outbox_rate", 0.1, 10_000.0),
}
"""Variable: (field of Policy, least, most).  GUARD_CACHE_S=0 and GUARD_OUTBOX=0 mean none."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, typed; `from_env` reads the names that the field comments give."""

    base_mode: Mode = Mode.OFF  # FLAG_ZEP_READ, FLAG_ZEP_WRITE; ZEP_ENABLED=false means off
    auto_downgrade: AutoDowngrade = AutoDowngrade.ON  # GUARD_AUTO_DOWNGRADE
    adaptive: Adaptive = Adaptive.SHADOW  # GUARD_ADAPTIVE_DEADLINE
    base_url: str = ""  # ZEP_BASE_URL or ZEP_API_URL; empty means Zep Cloud, a host gets its API's path
    api_key: str = field(default="", repr=False)  # ZEP_API_KEY
    redis_url: str = field(default="", repr=False)  # GUARD_REDIS_URL or REDIS_URL; may hold a password
    prefix: str = "{mem}:"  # GUARD_PREFIX
    marker: str = ""  # GUARD_MARKER: what this installation is, so that drills never break the wrong one
    otel: bool = False  # GUARD_OTEL: spans around calls to Zep, counters as OpenTelemetry's
    policy: Policy = field(default_factory=Policy)
    """The fields that NUMBERS names."""
    redact: RedactPolicy = field(default_factory=RedactPolicy)  # GUARD_REDACT and GUARD_REDACT_*

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read settings; raise SettingsError that names the variable and what it may be."""
        return cls(
            base_mode=_base_mode(environ),
            auto_downgrade=_one_of(AutoDowngrade, environ, "GUARD_AUTO_DOWNGRADE", AutoDowngrade.ON),
            adaptive=_one_of(Adaptive, environ, "GUARD_ADAPTIVE_DEADLINE", Adaptive.SHADOW),
            base_url=_url(environ),
            api_key=environ.get("ZEP_API_KEY", ""),
            redis_url=environ.get("GUARD_REDIS_URL") or environ.get("REDIS_URL", ""),
            prefix=_prefix(environ),
            marker=environ.get("GUARD_MARKER", ""),
            otel=_flag(environ, "GUARD_OTEL", default="off"),
            policy=_policy(environ),
            redact=_redact(environ),
        )


def _redact(environ: Mapping[str, str]) -> RedactPolicy:
    default = RedactPolicy()
    wanted = _listed(environ, "GUARD_REDACT_KINDS")
    return RedactPolicy(
        kinds=_kinds(wanted, default.kinds) if _flag(environ, "GUARD_REDACT", default="on") else frozenset(),
        surrogate_key=_surrogate_key(environ),
        patterns=_patterns(environ) if _flag(environ, "GUARD_REDACT", default="on") else {},
        allow=frozenset(_listed(environ, "GUARD_REDACT_ALLOW")),
    )


def _listed(environ: Mapping[str, str], name: str) -> list[str]:
    return [word for raw in environ.get(name, "").split(",") if (word := raw.strip())]


def _kinds(wanted: list[str], default: frozenset[str]) -> frozenset[str]:
    """`email,phone` are these two; `+address,-ip` are the default with one more and one less."""
    if bad := [word for word in wanted if word.lstrip("+-") not in KINDS]:
        raise SettingsError(f"GUARD_REDACT_KINDS={bad[0]!r} is no kind: use {', '.join(KINDS)}")
    exact = frozenset(word for word in wanted if word[0] not in "+-")
    more = {word[1:] for word in wanted if word[0] == "+"}
    less = {word[1:] for word in wanted if word[0] == "-"}
    return ((exact or default) | more) - less


def _surrogate_key(environ: Mapping[str, str]) -> bytes:
    key = environ.get("GUARD_REDACT_SURROGATE_KEY", "").encode(errors="surrogateescape")
    if key and not LEAST_KEY <= len(key) <= MOST_KEY:
        raise SettingsError(f"GUARD_REDACT_SURROGATE_KEY is not usable: give {LEAST_KEY} to {MOST_KEY} bytes")
    return key


def _patterns(environ: Mapping[str, str]) -> dict[str, str]:
    """Read a JSON object of names and expressions; a bad one stops the start, not a write."""
    raw = environ.get("GUARD_REDACT_PATTERNS", "").strip() or "{}"
    try:
        patterns = dict(json.loads(raw))
        RedactPolicy(patterns=patterns)
        for name, pattern in patterns.items():
            own_family(name, pattern)
    except (TypeError, ValueError) as error:
        why = error if "pattern" in str(error) else "give a JSON object of names and RE2 expressions"
        raise SettingsError(f"GUARD_REDACT_PATTERNS={raw!r} is not usable: {why}") from None
    return patterns


def _ramp(environ: Mapping[str, str]) -> tuple[int, ...]:
    """`on` is the default ramp, `20,50,100` one of your own, `off` none."""
    raw = environ.get("GUARD_RAMP", "").strip().lower()
    if raw in TRUE + FALSE:
        return RAMP if raw in TRUE else ()
    shares = [
        int(word) if word.isascii() and word.isdigit() else 0 for word in _listed(environ, "GUARD_RAMP")
    ]
    if shares != sorted(set(shares)) or not 1 <= shares[0] <= shares[-1] <= ALL:
        raise SettingsError(
            f"GUARD_RAMP={raw!r} is not usable: give on, off, or rising percents: 10,30,60,100"
        )
    return tuple(shares)


def _policy(environ: Mapping[str, str]) -> Policy:
    numbers: dict[str, Any] = {"ramp_percent": _ramp(environ)}
    for name in NUMBERS:
        numbers |= _number(environ, name)
    return Policy(**numbers)


def _one_of(words: type[E], environ: Mapping[str, str], name: str, default: E) -> E:
    raw = environ.get(name, "").strip().lower() or str(default)
    if raw not in list(words):
        raise SettingsError(f"{name}={raw!r} is not usable: use one of {', '.join(words)}")
    return words(raw)


def _flag(environ: Mapping[str, str], name: str, default: str = "") -> bool:
    value = environ.get(name, "").strip().lower() or default
    if value not in TRUE + FALSE:
        raise SettingsError(f"{name}={value!r} is not a switch: use one of {', '.join(TRUE + FALSE[:-1])}")
    return value in TRUE


def _number(environ: Mapping[str, str], name: str) -> dict[str, float]:
    """Return the policy's field and its value, nothing when the variable is not set."""
    field_name, least, most = NUMBERS[name]
    raw = environ.get(name, "").strip()
    if not raw:
        return {}
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise SettingsError(f"{name}={raw!r} is not usable: give a number from {least:g} to {most:g}")
    return {field_name: value}


def _base_mode(environ: Mapping[str, str]) -> Mode:
    enabled = _flag(environ, "ZEP_ENABLED", default="true")
    reads, writes = _flag(environ, "FLAG_ZEP_READ"), _flag(environ, "FLAG_ZEP_WRITE")
    return mode_of(reads=reads and enabled, writes=writes and enabled)


def _url(environ: Mapping[str, str]) -> str:
    url = environ.get("ZEP_BASE_URL") or environ.get("ZEP_API_URL") or ""
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError(f"ZEP_BASE_URL={url!r} is not a URL: give https://host, with or without /api/v4")
    return url


def _prefix(environ: Mapping[str, str]) -> str:
    prefix = environ.get("GUARD_PREFIX", "{mem}:")
    if "{" not in prefix or "}" not in prefix:
        raise SettingsError(f"GUARD_PREFIX={prefix!r} has no hash tag: give something like {{mem}}:")
    return prefix
