"""Digits, dashes, spaces and letters that only look different: the finders see plain ones.

A number typed on an Arabic keyboard, pasted with no-break spaces or cut by zero-width characters is the same
number.  Folding happens only where such characters are, and positions in the plain text lead back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from guard.redact.span import Clue

DIGIT_ZEROS = (
    *(0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50),
    *(0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6),
)
"""The zeros of decimal digits (Unicode category Nd) that people type or paste."""
FULLWIDTH = range(0xFF01, 0xFF5F)
"""Full-width forms of !..~"""
DASHES = "\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63"
SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
DOTS = "\u3002\uff61\u2024"
LETTERS = {"\u017f": "s", "\u212a": "k"}
"""They match s and k where case is ignored, in one engine before the other."""
ZERO_WIDTH = (
    "\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\ufeff"
)
SURROGATES = re.compile("[\ud800-\udfff]")

PLAIN: dict[int, str | None] = {
    **{zero + n: str(n) for zero in DIGIT_ZEROS for n in range(10)},
    **{code: chr(code - 0xFEE0) for code in FULLWIDTH},
    **dict.fromkeys(map(ord, DASHES), "-"),
    **dict.fromkeys(map(ord, SPACES), " "),
    **dict.fromkeys(map(ord, DOTS), "."),
    **{ord(odd): plain for odd, plain in LETTERS.items()},
    **dict.fromkeys(map(ord, ZERO_WIDTH)),
}


def _ranges(codes: Sequence[int]) -> str:
    """Return the inside of a character class."""
    edges = [code for code in codes if code - 1 not in PLAIN or code + 1 not in PLAIN]
    return "".join(f"{chr(code)}{'-' if code + 1 in PLAIN else ''}" for code in edges)


ODD = Clue(pattern=f"[{_ranges(sorted(PLAIN))}]")


def folded(text: str) -> tuple[str, Sequence[int]]:
    """Return the plain text, and where in `text` each of its characters stands."""
    text = SURROGATES.sub("\ufffd", text)
    plain = text.translate(PLAIN)
    if len(plain) == len(text):
        return plain, range(len(text) + 1)
    dropped = frozenset(ZERO_WIDTH)
    return plain, [*(at for at, character in enumerate(text) if character not in dropped), len(text)]
