"""The WSGI door; makes the guard at boot, so that the first scrape already knows the mode."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from guard.django.wiring import memory  # noqa: E402 - needs Django's settings

memory()
