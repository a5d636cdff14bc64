"""`manage.py check` tells of settings that would stop the guard, before a worker does."""

from __future__ import annotations

from typing import Any

from django.core import checks

from guard.django.wiring import settings
from guard.errors import SettingsError
from guard.modes import Mode


@checks.register("zep_guard")
def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """Return what is wrong: unusable values, a missing key, no Redis to share the hold with other workers."""
    try:
        chosen = settings()
    except SettingsError as error:
        return [checks.Error(str(error), id="zep_guard.E001")]
    if chosen.base_mode is Mode.OFF:
        return []
    found: list[checks.CheckMessage] = []
    if not chosen.api_key.strip():
        found.append(
            checks.Error("ZEP_API_KEY is missing", hint="Set the project's key.", id="zep_guard.E002")
        )
    if chosen.policy.outbox_limit and not chosen.redis_url:
        hint = "Set GUARD_REDIS_URL, or GUARD_OUTBOX=0."
        found.append(checks.Error("an outbox needs a Redis", hint=hint, id="zep_guard.E003"))
    if not chosen.redis_url:
        hint = "Set GUARD_REDIS_URL, or each worker finds out about an outage by itself."
        found.append(checks.Warning("no Redis for the guard", hint=hint, id="zep_guard.W001"))
    return found
