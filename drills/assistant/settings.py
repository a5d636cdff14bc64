"""Django settings; all that varies comes from the environment (see launch.py)."""

from __future__ import annotations

import os
import secrets
import socket

SECRET_KEY = secrets.token_hex()  # nothing is signed across processes
DEBUG = False
ALLOWED_HOSTS = os.environ.get("ASSISTANT_HOSTS", "127.0.0.1,localhost").split(",")
INSTALLED_APPS = ["guard.django"]
ROOT_URLCONF = "drills.assistant.urls"
DATABASES: dict[str, object] = {}
USE_TZ = True
TIME_ZONE = "UTC"

WORKER_PREFIX = f"{socket.gethostname()[:4]}-" if os.environ.get("ASSISTANT_WORKER_NAMES") == "host" else ""
CHAT_TOKEN = os.environ.get("ASSISTANT_TOKEN", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(process)d %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"guard": {"handlers": ["stderr"], "level": "INFO"}},
}
