"""For gunicorn: the guard is made at import, with --preload before the workers are forked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import served

from guard import build

guard = build(served.SETTINGS, memory=served.Backend())


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    thread_id = environ["PATH_INFO"].strip("/")
    if thread_id:
        guard.fetch_context(thread_id)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(served.shown(guard)).encode()]
