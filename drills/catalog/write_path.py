"""What is said is stored, without what must not be."""

from __future__ import annotations

from drills.scenario import Dialogue, LookIntoZep, Say

DRILL = Dialogue(
    name="write_path",
    title="A message with an address and a number is stored redacted",
    why="Zep is another company's server: what users type about themselves must be gone before it leaves.",
    script=(
        Say(text="Write to ada.lovelace@example.com or call +90 532 123 45 67.", check="answered"),
        LookIntoZep(
            secrets=("ada.lovelace@example.com", "ada.lovelace", "532 123 45 67", "5321234567"),
            placeholders=("[EMAIL]", "[PHONE]"),
        ),
    ),
)
