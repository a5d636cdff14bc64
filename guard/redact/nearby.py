"""Words around a number that say what it is."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from guard.redact.span import Clue

BEFORE, AFTER, RIGHT_BEFORE, LONGEST = 48, 28, 36, 32
"""Characters looked at."""

WORD = re.compile(r"[^\W_0-9]+")
THINGS = frozenset(
    (
        "order invoice ref reference ticket sku isbn issn serial tracking version build release commit "
        "case part model item product batch lot epoch timestamp ts pid line row doi arxiv rfc patent "
        "zip barcode ean upc account acct student employee policy passport license licence po bug issue"
        " job task request session transaction txn event record block size bytes offset card port "
        "sipariş fatura takip fiş barkod hesap kart bestellung bestellnummer rechnung rechnungsnummer "
        "commande facture pedido factura id orderid userid"
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


class Words:
    """Words that say what a number near them is: a stem in small letters, and what may follow it."""

    def __init__(
        self,
        words: Mapping[str, str],
        *,
        inside: Sequence[str] = (),
        anywhere: Sequence[str] = (),
        clue: Sequence[str] = (),
    ) -> None:
        """Take stems that may also end a longer word (`inside`), or that no boundary surrounds (`anywhere`).

        `clue` holds one literal of each word, where the stems themselves are everywhere.
        """
        tails = {stem: re.compile(f"(?:{tail})(?![a-zA-Z])", re.IGNORECASE) for stem, tail in words.items()}
        self._tails = tails | dict.fromkeys(anywhere, re.compile(""))
        self._free = frozenset((*inside, *anywhere))
        self.clue = Clue(literals=tuple(clue or self._tails), anycase=True)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where such words are, in order."""
        lowered = text.replace("İ", "i").lower()
        found: list[tuple[int, int]] = []
        for stem, tail in self._tails.items():
            at = lowered.find(stem)
            while at >= 0:
                if stem in self._free or not text[at - 1 : at].isalpha():
                    match = tail.match(text, at + len(stem))
                    found += [(at, match.end())] if match else ()
                at = lowered.find(stem, at + len(stem))
        return sorted(found)


def near(places: Sequence[tuple[int, int]], start: int, end: int) -> Sequence[tuple[int, int]]:
    """Return the places that are near enough to speak of `text[start:end]`."""
    return places[bisect_left(places, (start - BEFORE, 0)) : bisect_left(places, (end + AFTER, 0))]


def surroundings(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return, in order and disjoint, where a number may begin that the places speak of."""
    around: list[tuple[int, int]] = []
    for start, end in places:
        first, last = max(0, start - AFTER - LONGEST), end + BEFORE + LONGEST
        if around and first <= around[-1][1]:
            around[-1] = (around[-1][0], last)
        else:
            around.append((first, last))
    return around


GROUP = re.compile(r"[0-9]+")


def groups(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where the rows of digits are."""
    return [match.span() for match in GROUP.finditer(text, start, end)]
