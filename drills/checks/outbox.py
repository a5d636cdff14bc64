"""Of a guard that keeps what Zep does not take: did it wait, did it go, is it there?"""

from __future__ import annotations

from drills.checks.check import Check, Subject, at_most, fact, unknown


def outbox_filled(subject: Subject) -> Check:
    """Writes waited while Zep took none; otherwise nothing was shown."""
    name, depths = "outbox_filled", subject.evidence.depths
    if not depths:
        return unknown(name, "the metrics tell no depth of an outbox: is it on?")
    return fact(name, holds=deepest(subject) > 0, why="no write waited in the outbox")


def outbox_emptied(subject: Subject) -> Check:
    """It was empty again soon after the heal."""
    allowed_s = subject.storm.emptied_s or 0.0
    return at_most("outbox_emptied", emptied_s(subject), allowed_s, "s", missing="it was never empty again")


def stored_once(subject: Subject) -> Check:
    """Every turn is in Zep: none lost, none twice, none before what was said earlier."""
    name, line = "stored_once", subject.evidence.first("stored")
    if line is None or not line["turns"]:
        return unknown(name, "what Zep stored cannot be read, or no load was numbered")
    wrong = [
        f"{words} (turn {', '.join(map(str, line[which]))})"
        for which, words in (("missing", "lost"), ("twice", "twice in Zep"), ("out_of_order", "out of order"))
        if line[which]
    ]
    return fact(name, holds=not wrong, measured=f"{line['turns']} turns", why="; ".join(wrong))


def deepest(subject: Subject) -> int:
    """Return how many writes waited at most."""
    return int(max((depth for _, depth in subject.evidence.depths), default=0))


def emptied_s(subject: Subject) -> float | None:
    """Return the seconds from the heal to an empty outbox; None when it never was."""
    healed_at = subject.evidence.healed_at
    if healed_at is None:
        return None
    empty = (t for t, depth in subject.evidence.depths if t > healed_at and not depth)
    return next((t - healed_at for t in empty), None)
