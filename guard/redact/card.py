"""Payment cards: a brand's prefix and length, written as brands write them, and the Luhn digit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.nearby import groups, names_a_thing, said
from guard.redact.span import Clue, Family

CANDIDATE = re.compile(r"[1-9][0-9]{3}(?<![A-Za-z0-9_]....)(?<![0-9][.,].{4})(?:[ .\-\n]{0,2}[0-9]){8,15}+")
UATP = re.compile(r"1(?:2200|00|1[0-8])")
BRANDS = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (UATP, (15,)),
    (re.compile(r"30[0-5]|3095|3[689]"), (14, 16, 19)),
    (re.compile(r"6011|64[4-9]|65|622"), (16, 17, 18, 19)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
    (re.compile(r"62|8[1-2]"), (16, 17, 18, 19)),
    (re.compile(r"220[0-5]|9792|60|50[6-9]|63[6-9]|6(?:27780|36)"), (16, 18, 19)),
    (re.compile(r"50[1-3]|5[6-8]|6304|6390|67"), (12, 13, 14, 15, 16, 17, 18, 19)),
)
"""(first digits, lengths): Visa, Mastercard, Amex, Diners, Discover, JCB, UnionPay and RuPay, Mir, Troy, Elo,
Verve and Hipercard, Maestro; as the brands and ISO/IEC 7812 lists give them."""
LAYOUTS = frozenset(
    ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (4, 4, 4, 3), (4, 4, 5), (4, 5, 6))
)
"""How cards are grouped; digits in other groups are a table's."""
WORDS = re.compile(
    r"card|visa|amex|credit|debit|master|maestro|discover|diners|jcb|\bcc\b|\bpan\b|kart|tarjeta|carte|karte|payment",
    re.IGNORECASE,
)
GOES_ON = re.compile(r"[0-9A-Za-z_]|[.\-,][0-9]")


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Find card numbers, bare or in groups."""
    at = 0
    while match := CANDIDATE.search(text, at):
        some = groups(text, match.start(), match.end())
        end = _card_end(text, some)
        at = end or some[0][1]
        if end:
            yield match.start(), end


def _card_end(text: str, row: list[tuple[int, int]]) -> int:
    """Return where the longest card that begins here ends, 0 if there is none."""
    for many in range(len(row), 0, -1):
        some = row[:many]
        layout = tuple(end - start for start, end in some)
        if (many == 1 or layout in LAYOUTS) and _is_card(text, some):
            return some[-1][1]
    return 0


def _is_card(text: str, row: list[tuple[int, int]]) -> bool:
    start, end = row[0][0], row[-1][1]
    number = "".join(text[a:b] for a, b in row)
    if (
        not LEAST <= len(number) <= MOST
        or not luhn(number)
        or not _has_brand(number)
        or len(set(number)) == 1
    ):
        return False
    if len(row) > 1:  # a line may break once inside a number, four lines are a column
        return not text[end : end + 1].isalnum() and text.count("\n", start, end) <= 1
    if GOES_ON.match(text, end):
        return False
    return said(WORDS, text, start, end) or not (names_a_thing(text, start) or UATP.match(number))


def _has_brand(number: str) -> bool:
    return any(len(number) in lengths and first.match(number) for first, lengths in BRANDS)


LEAST, MOST = 12, 19
DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(number: str) -> bool:
    """Whether the last digit is the one that ISO/IEC 7812-1 asks for."""
    digits = [*map(int, reversed(number))]
    return (sum(digits[::2]) + sum(DOUBLED[digit] for digit in digits[1::2])) % 10 == 0


FAMILIES = (Family("card", (Clue(pattern=r"[0-9]{4}[ .\-\n]{0,2}[0-9]{4}[0-9 .\-\n]{3}"),), cards),)
