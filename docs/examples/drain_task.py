"""A Celery task that empties the outbox; `celery --app drain_task worker --beat` runs it every 10 s.

The guards of your web processes empty it as well: any number of drainers share the work.
"""

from __future__ import annotations

import os

from celery import Celery  # type: ignore[import-untyped, unused-ignore]

from guard import Settings
from guard.wiring import build_drainer

app = Celery("drain_task", broker=os.environ["GUARD_REDIS_URL"])
app.conf.beat_schedule = {"drain": {"task": "memory.drain", "schedule": 10.0, "options": {"expires": 10}}}
guard = build_drainer(Settings.from_env(os.environ))


@app.task(name="memory.drain", ignore_result=True)  # type: ignore[untyped-decorator, unused-ignore]
def drain() -> int:
    """Replay until nothing waits, or Zep fails."""
    return guard.drain().replayed
