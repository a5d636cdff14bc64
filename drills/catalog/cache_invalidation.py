"""An operator drops a cached context."""

from __future__ import annotations

from drills.scenario import Dialogue, Operate, Say

DRILL = Dialogue(
    name="cache_invalidation",
    title="zep_mode --invalidate THREAD, and the next turn asks Zep",
    why="Wrong memory in the cache is served for 30 s: one command must end that for one user.",
    variant="cached",
    script=(
        Say(text="I have moved to Izmir."),
        Say(text="Where do I live?", check="served_from_the_cache", cached=True, used=True, within_s=3),
        Operate(words=("--invalidate", "{thread}")),
        Say(text="Where do I live now?", check="read_anew_from_zep", source="zep", used=True, cached=False),
    ),
)
