"""For Celery's prefork pool: the guard is made before the children are forked."""

from __future__ import annotations

import time

import served
from celery import Celery

from guard import build

app = Celery("served", broker=served.URL, backend=served.URL)
app.conf.task_default_queue = f"{served.PREFIX}queue"
guard = build(served.SETTINGS, memory=served.Backend())


@app.task
def ask(thread_id: str) -> dict[str, object]:
    if thread_id:
        guard.fetch_context(thread_id)
    time.sleep(0.02)  # so that the other child gets some
    return served.shown(guard)
