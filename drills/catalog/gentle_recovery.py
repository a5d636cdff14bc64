"""Zep comes back, and stumbles while reads come back to it."""

from __future__ import annotations

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Break, Dialogue, Mend, Operate, Say

REFUSED = Status(code=401, route=CONTEXT_READ)
DRILL = Dialogue(
    name="gentle_recovery",
    title="After an outage reads come back by shares, and one bad answer holds them again",
    why="A Zep that has just come back falls over again if every worker asks it at once.",
    variant="gentle",
    script=(
        Say(text="I live in Kars."),
        Say(text="Where do I live?", check="memory_from_zep", used=True, source="zep", within_s=3),
        Break(fault=REFUSED),
        Say(text="And now?", check="reads_are_held", used=False, reason="auth"),
        Mend(),
        Say(text="Still?", check="reads_come_back_by_shares", used=False, reason="recovering", within_s=6),
        Say(text="And yet?", check="some_read_is_let_out", used=True, source="zep", within_s=6),
        Break(fault=REFUSED),
        Say(
            text="Again?",
            check="one_failure_holds_again",
            used=False,
            source="zep",
            reason="auth",
            within_s=6,
        ),
        Say(text="Held?", check="held_again", used=False, source="write_only_forced", reason="auth"),
        Mend(),
        Say(text="At last?", check="memory_again", used=True, source="zep", within_s=9),
        Operate(words=("--clear",)),  # without more turns it would stay between the shares, and page somebody
    ),
    about_s=9.0,
)
