"""Fresh workers."""

from __future__ import annotations

from chaos.faults import Restart
from drills.scenario import Storm

DRILL = Storm(
    name="metrics_warmup",
    title="All workers restart, and their metrics are whole at once",
    why="A dashboard or an alert that waits for a first downgrade to have a series is blind when it comes.",
    faults=(Restart(process="workers"),),
    hits=1,
    watch_s=1.0,
    tolerates=20,
    memory_used=False,
    about_s=5.0,
)
