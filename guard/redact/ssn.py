"""US social security numbers: the ranges that the SSA issues from, in its own shape or beside its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.nearby import Words, near
from guard.redact.span import Clue, Family

LEFT = r"(?<![A-Za-z0-9_$+]...)(?<![0-9][.,:/\-]...)(?<![A-Za-z][\-.]...)(?<!000)(?<!666)"
RIGHT = r"(?![0-9A-Za-z_]|[.\-/:][0-9])"
SHAPE = re.compile(
    rf"[0-8][0-9]{{2}}{LEFT}(?P<gap>[ ]?-[ ]?|[ .]|)(?!00)[0-9]{{2}}(?P=gap)(?!0000)[0-9]{{4}}{RIGHT}"
)
LOOSE = re.compile(
    r"[0-8][0-9]{2}(?:(?<![A-Za-z0-9_$+]...)(?<![0-9][.,:/\-]...)|(?<=[Ss][Ss][Nn]...))(?<!000)(?<!666)"
    rf"[ .\-]{{0,3}}(?!00)[0-9]{{2}}[ .\-]{{0,3}}(?!0000)[0-9]{{4}}{RIGHT}"
)
THING = re.compile(
    r"\b(?:part|sku|model|serial|isbn|item|catalog(?:ue)?|order|invoice|p/n)\b"
    r"(?: ?(?:no|num|number|nr|id))?\W{0,3}$",
    re.IGNORECASE,
)
LOOKS_BACK = 24
WORDS = Words(
    {
        "ssn": "s?",
        "social": "",
        "soc sec": "",
        "soc. sec": "",
        "tin": "",
        "taxpayer": "",
        "tax payer": "",
        "ss": " ?(?:#|no|num).{0,5}",
    }
)
MORE_DIGITS = re.compile(r"[ ][0-9]")


def shaped(text: str) -> Iterator[tuple[int, int]]:
    """Find 123-45-6789, also with spaces or dots; not undashed, and not where an order number stands."""
    for match in SHAPE.finditer(text):
        gap = match["gap"]
        if not gap or THING.search(text[max(0, match.start() - LOOKS_BACK) : match.start()]):
            continue
        if "-" in gap or not _in_a_table(text, match.start(), match.end()):
            yield match.span()


def _in_a_table(text: str, start: int, end: int) -> bool:
    return bool(MORE_DIGITS.match(text, end)) or text[max(0, start - 2) : start - 1].isdigit()


def named(text: str) -> Iterator[tuple[int, int]]:
    """Find nine digits in any grouping near the words."""
    places = WORDS.places(text)
    for match in LOOSE.finditer(text) if places else ():
        if near(places, *match.span()):
            yield match.span()


SHAPED = Clue(pattern=r"[0-9]{3}[ .\-]{1,3}[0-9]{2}[ .\-]{1,3}[0-9]{4}")
NINE = Clue(pattern=r"[0-9]{3}[ .\-]{0,3}[0-9]{2}[ .\-]{0,3}[0-9]{4}")
FAMILIES = (
    Family("ssn", (SHAPED,), shaped),
    Family("ssn", (NINE, WORDS.clue), named),
)
