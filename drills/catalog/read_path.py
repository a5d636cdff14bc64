"""Two turns of a healthy chat."""

from __future__ import annotations

from drills.scenario import Dialogue, Say

DRILL = Dialogue(
    name="read_path",
    title="A second turn within 30 s has its memory from the cache",
    why="The healthy path is what users have all day: memory with every turn, and no wait for it.",
    variant="cached",
    script=(
        Say(text="My name is Ada and I live in Kars.", check="first_turn_is_answered"),
        Say(text="Where do I live?", check="second_turn_has_memory", used=True, cached=True, within_s=3),
        Say(
            text="And my name?",
            check="a_cache_hit_is_fast",
            used=True,
            source="cache",
            below_ms=10,
            within_s=3,
        ),
    ),
)
