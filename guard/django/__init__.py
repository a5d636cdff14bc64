"""Django's door: `guard.django` in INSTALLED_APPS, `guard.django.wiring.memory()` where you answer."""
