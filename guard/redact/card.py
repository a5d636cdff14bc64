"""Payment cards: a brand's prefix and length, written as brands write them, and the Luhn digit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.nearby import BEFORE, names_a_thing
from guard.redact.span import Clue, Family

GAP = r"[ .\-\n]{1,2}"
CANDIDATE = re.compile(
    r"[1-9][0-9]{3}(?<![A-Za-z0-9_].{4})(?<![0-9][.,].{4})(?:[0-9]{8,15}"
    rf"|{GAP}[0-9]{{4}}{GAP}[0-9]{{4}}{GAP}[0-9]{{1,4}}(?P<last>{GAP}[0-9]{{3}}(?![0-9]))?"
    rf"|{GAP}(?:[0-9]{{6}}{GAP}[0-9]{{4,5}}|[0-9]{{4}}{GAP}[0-9]{{5}}|[0-9]{{5}}{GAP}[0-9]{{6}}))(?![0-9])"
)
"""Twelve digits or more in one piece, or grouped as cards are: digits in other groups are a table's."""
BRANDS = (
    ("4", (13, 16, 19)),
    ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    ("3[47]", (15,)),
    ("30[0-5]|3095|3[689]", (14, 16, 19)),
    ("6011|64[4-9]|65|622|35(?:2[89]|[3-8])|62|8[12]", (16, 17, 18, 19)),
    ("220[0-5]|9792|60|50[6-9]|63[6-9]|6(?:27780|36)", (16, 18, 19)),
    ("50[1-3]|5[6-8]|6304|6390|67", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("1(?:2200|00|1[0-8])", (15,)),
)
"""(first digits, lengths): Visa, Mastercard, Amex, Diners, Discover, JCB, UnionPay and RuPay, Mir, Troy, Elo,
Verve and Hipercard, Maestro, UATP; as the brands and ISO/IEC 7812 lists give them."""
BRANDED = re.compile(
    "|".join(
        f"(?=(?:{first}))(?:{'|'.join(f'[0-9]{{{length}}}' for length in lengths)})(?![0-9])"
        for first, lengths in BRANDS
    )
)
WORDS = re.compile(
    r"card|visa|amex|credit|debit|master|maestro|discover|diners|jcb|\bcc\b|\bpan\b|kart|tarjeta|carte|karte|payment",
    re.IGNORECASE,
)
GOES_ON = re.compile(r"[0-9A-Za-z_]|[.\-,][0-9]")


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Find card numbers, bare or in groups."""
    at = 0
    while match := CANDIDATE.search(text, at):
        start = match.start()
        ends = (match.end(), match.start("last")) if match["last"] else (match.end(),)
        end = next((end for end in ends if _is_card(text, start, end)), 0)
        at = end or start + 4
        if end:
            yield start, end


def _is_card(text: str, start: int, end: int) -> bool:
    written = text[start:end]
    bare = written.isdigit()
    number = written if bare else "".join(filter(str.isdigit, written))
    if not BRANDED.match(number) or not luhn(number) or len(set(number)) == 1:
        return False
    if not bare:  # a line may break once inside a number, four lines are a column
        return not text[end : end + 1].isalnum() and written.count("\n") <= 1
    if GOES_ON.match(text, end):
        return False
    doubtful = names_a_thing(text, start) or number[0] == "1"
    return not doubtful or WORDS.search(text[max(0, start - BEFORE) : start]) is not None


DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(number: str) -> bool:
    """Whether the last digit is the one that ISO/IEC 7812-1 asks for."""
    return (sum(map(int, number[::-2])) + sum(DOUBLED[int(digit)] for digit in number[-2::-2])) % 10 == 0


FAMILIES = (Family("card", (Clue(pattern=r"[0-9]{4}[ .\-\n]{0,2}[0-9]{4}[0-9 .\-\n]{3}"),), cards),)
