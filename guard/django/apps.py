"""The app's name and label."""

from __future__ import annotations

from django.apps import AppConfig


class GuardConfig(AppConfig):
    """`guard.django` in INSTALLED_APPS."""

    name = "guard.django"
    label = "zep_guard"
    verbose_name = "zep-guard"
