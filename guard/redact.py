"""Text in, text without emails and phone numbers out.  Pure; finds only what the rules below name.

A phone needs an international prefix or Turkey's mobile form: order numbers, timestamps and ids are digits
too, and the seed's redactor ate them.  Every quantifier is bounded, so hostile text costs linear time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

EMAIL = re.compile(
    r"(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}(?![\w-])"
)
INTERNATIONAL = re.compile(r"(?<![\w+])\+[1-9]\d{0,2}(?:[ .-]?\(\d{1,4}\))?(?:[ .-]?\d{1,4}){2,6}(?![\w-])")
TURKISH_MOBILE = re.compile(
    r"(?<![\w+.-])(?:0[ .-]?\(?5\d{2}\)?[ .-]?|\(?5\d{2}\)?[ .-])\d{3}[ .-]?\d{2}[ .-]?\d{2}(?![\w-])"
)
DIGITS = range(8, 16)
"""Digits of an international number (E.164 allows 15)."""
CLUES = ("@", "+", "5")
"""Without any of these nothing below can match: most messages cost three substring searches."""
TEXT_FIELDS = ("content", "name")


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text to send, the same object when nothing was found, and how often each type was."""

    text: str
    counts: Mapping[str, int]


def redact(text: str) -> Redacted:
    """Replace emails by [EMAIL] and phone numbers by [PHONE]; doing it twice changes nothing."""
    if not any(clue in text for clue in CLUES):
        return Redacted(text, {})
    clean, emails = EMAIL.subn("[EMAIL]", text)
    dialled = [number for number in INTERNATIONAL.findall(clean) if _digits(number) in DIGITS]
    clean = INTERNATIONAL.sub(lambda m: "[PHONE]" if _digits(m[0]) in DIGITS else m[0], clean)
    clean, mobiles = TURKISH_MOBILE.subn("[PHONE]", clean)
    counts = {"email": emails, "phone": len(dialled) + mobiles}
    return (
        Redacted(clean, {kind: n for kind, n in counts.items() if n}) if clean != text else Redacted(text, {})
    )


def redact_messages(
    messages: Sequence[Mapping[str, object]],
) -> tuple[list[Mapping[str, object]], Counter[str]]:
    """Redact content and name of every message; a message without findings is passed on as it is."""
    counts: Counter[str] = Counter()
    clean: list[Mapping[str, object]] = []
    for message in messages:
        found = {key: redact(str(message[key])) for key in TEXT_FIELDS if message.get(key)}
        changed = {key: redacted.text for key, redacted in found.items() if redacted.counts}
        for redacted in found.values():
            counts.update(redacted.counts)
        clean.append({**message, **changed} if changed else message)
    return clean, counts


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)
