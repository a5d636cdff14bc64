"""Django's door: what `manage.py check` says of the settings."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

GOOD = {
    "FLAG_ZEP_READ": "on",
    "FLAG_ZEP_WRITE": "on",
    "ZEP_API_KEY": "a-key",
    "GUARD_REDIS_URL": "redis://127.0.0.1:1/0",
}


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({}, 0, "no issues"),
        ({"ZEP_API_KEY": ""}, 1, "zep_guard.E002"),
        ({"ZEP_TIMEOUT_MS": "soon"}, 1, "ZEP_TIMEOUT_MS='soon' is not usable"),
        ({"GUARD_REDIS_URL": ""}, 0, "zep_guard.W001"),
        ({"GUARD_REDIS_URL": "", "GUARD_OUTBOX": "100"}, 1, "zep_guard.E003"),
        ({"FLAG_ZEP_READ": "off", "FLAG_ZEP_WRITE": "off", "ZEP_API_KEY": ""}, 0, "no issues"),
    ],
)
def test_check_tells_what_would_stop_the_guard(change, code, says):
    environ = {"PATH": os.environ["PATH"], **GOOD, **change}
    argv = [sys.executable, "-m", "drills.assistant.manage", "check"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    for never in ("a-key", "Traceback"):
        assert never not in done.stdout + done.stderr


VIEWS = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "drills.assistant.settings"
django.setup()
from django.test import Client
client = Client()
for path in ("/api/marker/", "/api/metrics/"):
    answer = client.get(path, headers={"host": "localhost"})
    print(answer.status_code, answer.content.decode())
os._exit(0)
"""


def views(**environ: str) -> str:
    # A process: the guard that the metrics view makes is one for the whole process.
    argv = [sys.executable, "-c", VIEWS]
    chosen = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **GOOD, **environ}
    return subprocess.run(argv, env=chosen, capture_output=True, text=True, check=True).stdout


def test_the_views_show_the_marker_and_all_modes_from_the_first_scrape():
    shown = views(GUARD_MARKER="staging")
    assert shown.startswith("200 staging")
    for mode, value in (("off", 0), ("write_only", 0), ("read_write", 1)):
        assert f'memory_mode_gauge{{mode="{mode}"}} {value}.0' in shown


def test_without_a_marker_an_installation_is_nobodys_to_break():
    assert views().startswith("404")
