"""Zep refuses the key, and users are answered from what was known before."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Break, Dialogue, Mend, Operate, Say

DRILL = Dialogue(
    name="stale_context",
    title="During an outage the last good context stands in, and never behind an operator's back",
    why="A chat that knew its user a minute ago should not forget her because Zep is away.",
    variant="stale",
    script=(
        Say(text="I am allergic to nuts."),
        Say(text="What can I eat?", check="memory_from_zep", used=True, source="zep", within_s=3),
        Break(fault=Status(code=401, route=CONTEXT_READ)),
        Say(text="And now?", check="the_failed_read_is_stale", used=True, source="stale", reason="auth"),
        Say(
            text="And later?",
            check="a_held_read_is_stale",
            used=True,
            source="stale",
            below_ms=100,
            within_s=1,  # a Redis that takes 5 ms once is let be for a moment
        ),
        Operate(words=("--force", "manual", "--ttl", "60")),
        Say(text="And forced?", check="a_force_serves_nothing", used=False, reason="manual", within_s=2),
        Operate(words=("--clear",)),
        Mend(),
        Say(text="And after?", check="memory_from_zep_again", used=True, source="zep", within_s=6),
    ),
    about_s=4.0,
)
