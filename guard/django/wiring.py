"""One guard and one background writer per process, made from Django's settings and the environment."""

from __future__ import annotations

import os
from functools import cache

from django.conf import settings as django_settings

from guard.background import BackgroundWriter
from guard.metrics import Metrics
from guard.service import MemoryGuard
from guard.settings import Settings
from guard.wiring import build


def settings() -> Settings:
    """Read the environment, overridden by the dict ZEP_GUARD in Django's settings (same names)."""
    overrides = getattr(django_settings, "ZEP_GUARD", {})
    return Settings.from_env({**os.environ, **{k: str(v) for k, v in overrides.items()}})


@cache
def _metrics() -> Metrics:
    return Metrics()


@cache
def memory() -> MemoryGuard:
    """Return this process's guard; the first call starts it: make it in wsgi.py, for metrics from boot."""
    return build(settings(), _metrics())


@cache
def writer() -> BackgroundWriter:
    """Return this process's background writer."""
    return BackgroundWriter(memory(), _metrics())
