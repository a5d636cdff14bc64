"""Words around a number that say what it is."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

BEFORE, AFTER, RIGHT_BEFORE = 48, 28, 36
"""Characters looked at."""

WORD = re.compile(r"[^\W_0-9]+")
THINGS = frozenset(
    (
        "order invoice ref reference ticket sku isbn issn serial tracking version build release commit case part model item "
        "product batch lot epoch timestamp ts pid line row doi arxiv rfc patent zip barcode ean upc account acct student "
        "employee policy passport license licence po bug issue job task request session transaction txn event record block "
        "size bytes offset card port sipariş fatura takip fiş barkod hesap kart bestellung bestellnummer rechnung "
        "rechnungsnummer commande facture pedido factura id orderid userid"
    ).split()
)
LINKS = frozenset("no num number nr code numarası is was of are n".split())
"""Between the thing and its number."""


def names_a_thing(text: str, start: int) -> bool:
    """Whether the words right before say that the number is of an order, a version, an id."""
    before = text[max(0, start - RIGHT_BEFORE) : start]
    if before[-1:].isalnum():
        return False
    words = WORD.findall(before)
    while words and words[-1].lower() in LINKS:
        words.pop()
    return bool(words) and (words[-1].lower() in THINGS or words[-1].endswith("Id"))


def positions(stems: Sequence[str], text: str) -> list[int]:
    """Return where the stems stand, in order, whatever their case."""
    lowered = text.replace("İ", "i").lower()
    found = []
    for stem in stems:
        at = lowered.find(stem)
        while at >= 0:
            found.append(at)
            at = lowered.find(stem, at + len(stem))
    return sorted(found)


def any_near(places: Sequence[int], start: int, end: int) -> bool:
    """Whether one of the places is near enough to speak of `text[start:end]`."""
    at = bisect_left(places, start - BEFORE)
    return at < len(places) and places[at] < end + AFTER


def said(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether one of the words stands near."""
    return bool(words.search(text[max(0, start - BEFORE) : start]) or words.search(text[end : end + AFTER]))


GROUP = re.compile(r"[0-9]+")


def groups(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where the rows of digits are."""
    return [match.span() for match in GROUP.finditer(text, start, end)]
