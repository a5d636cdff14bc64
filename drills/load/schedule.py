"""What users do, as a pure schedule: who says what, and when.  The same seed gives the same conversation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN_ENV = "DRILL_TOKEN"  # noqa: S105 - the name of the variable that carries the bearer token
MESSAGES = (
    "Hi! Are you open on Sunday?",
    "I would like to book a table for two tomorrow evening.",
    "What did I ask you last time?",
    "Which of the flats near the harbour allows dogs?",
    "Could you make it half past seven instead?",
    "Thanks, that works.",
    "How much is the ferry for a family with two children?",
    "Remind me which hotel I liked.",
    "Is there a quieter room, maybe facing the garden?",
    "No fish for me, please, I am allergic.",
    "Can I pay by card on arrival?",
    "And what will the weather be like at the weekend?",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; `at_s` is its slot, in seconds since the load began."""

    at_s: float
    thread_id: str
    message: str


def turns(
    *, rate: float, for_s: float, threads: int, prefix: str, seed: int, label: str = ""
) -> Iterator[Turn]:
    """Yield turns at a fixed `rate` a second for `for_s` seconds, over `threads` conversations.

    With a `label` each message ends with it, its thread and its number, to be known again.
    """
    dice = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
    for n in range(int(rate * for_s)):
        thread, message = dice.randrange(threads), dice.choice(MESSAGES)
        yield Turn(n / rate, f"{prefix}-{thread}", f"{message} [{label} {thread}.{n}]" if label else message)
