"""What people write to an assistant: several turns on one thread, some with things that are private."""

from __future__ import annotations

import random
from collections.abc import Iterator

from drills.load.schedule import MESSAGES

TURNS = (3, 8)
"""A conversation has so many."""
PRIVATE_SHARE = 0.3
"""Of all turns."""
PRIVATE = (
    "You can write to me at {name}.{number}@example.com.",
    "My number is +44 20 7946 {digits}, please call after six.",
    "Book it on {number} Harbour Street, and send the bill to {name}@example.org.",
    "Card 4111 1111 1111 1111, it expires next spring.",
)
"""What redaction must find: no person has these, they are kept free for examples."""
NAMES = ("ann", "bora", "chidi", "dilek", "eva")


def session(dice: random.Random) -> Iterator[str]:
    """Yield the messages of one conversation; the same dice give the same one."""
    for _ in range(dice.randint(*TURNS)):
        yield _private(dice) if dice.random() < PRIVATE_SHARE else dice.choice(MESSAGES)


def _private(dice: random.Random) -> str:
    number = dice.randrange(1, 1000)
    return dice.choice(PRIVATE).format(name=dice.choice(NAMES), number=number, digits=f"{number:04d}")
