"""`manage.py zep_mode`: the operations command with Django's settings."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from guard.django.wiring import settings
from guard.errors import GuardError, SettingsError
from guard.operations import EXAMPLE, Fleet, add_arguments, run
from guard.wiring import open_hands


class Command(BaseCommand):
    """Show or change the fleet's memory mode."""

    help = "Show or change the fleet's memory mode. " + EXAMPLE.format(prog="manage.py zep_mode")
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute; checks would slow an incident

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the same verbs as `zep-mode`."""
        add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb; a user's mistake is one line and exit code 2."""
        try:
            self._act(options)
        except GuardError as error:
            raise CommandError(str(error), returncode=2) from None

    def _act(self, options: dict[str, Any]) -> None:
        chosen = settings()
        if not chosen.redis_url:
            raise SettingsError("no Redis configured: set GUARD_REDIS_URL")
        hands = open_hands(chosen)
        try:
            run(options, Fleet(hands.store, hands.cache, chosen, hands.outbox), self.stdout.write)
        finally:
            hands.close()
