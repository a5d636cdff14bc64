"""The app's name and label."""

from __future__ import annotations

from django.apps import AppConfig


class GuardConfig(AppConfig):
    """`guard.django` in INSTALLED_APPS."""

    name = "guard.django"
    label = "zep_guard"
    verbose_name = "zep-guard"

    def ready(self) -> None:
        """Register the checks; nothing else happens at start-up."""
        from guard.django import checks  # noqa: F401, PLC0415 - importing registers them, once apps are ready
