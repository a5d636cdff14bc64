"""A thread whose read timed out."""

from __future__ import annotations

from chaos.faults import Latency
from drills.scenario import Break, Dialogue, Mend, Operate, Say

DRILL = Dialogue(
    name="negative_cache",
    title="After a timeout the same thread is left alone for 3 s",
    why="A user who is asking again and again must not wait 250 ms for nothing again and again.",
    variant="cached",
    script=(
        Say(text="I am allergic to fish."),
        Say(text="What can I eat?", cached=True, within_s=3),
        Operate(words=("--invalidate", "{thread}")),
        Break(fault=Latency(delay_ms=1200)),
        Say(text="What can I eat today?", check="a_timeout_is_told", used=False, reason="timeout"),
        Say(text="And now?", check="not_asked_again_at_once", source="negative_cache", below_ms=100),
        Mend(),
        Say(text="And tomorrow?", check="memory_comes_back", used=True, within_s=6),
    ),
    about_s=6.0,
)
