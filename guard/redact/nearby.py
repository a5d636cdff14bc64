"""Words around a number that say what it is."""

from __future__ import annotations

import re

BEFORE, AFTER = 48, 28
"""Characters looked at."""

NO_PERSON = re.compile(
    r"(?:\b(?:order|invoice|ref(?:erence)?|ticket|sku|isbn|issn|serial|tracking|version|build|release|commit|case"
    r"|part|model|item|product|batch|lot|epoch|timestamp|ts|pid|line|row|doi|arxiv|rfc|patent|zip|barcode|ean|upc"
    r"|sipari\u015f|fatura|takip|fi\u015f|barkod|bestell\w{0,8}|rechnung\w{0,8}|commande|facture|pedido|factura)"
    r"|(?:\b|_)id|_no|[a-z]Id)"
    r"[\"'\]]{0,2}(?: ?(?:no|num|number|id|code|numaras\u0131|nr|n[\u00ba\u00b0]))?\.?[\"']?\s?[:=#]{0,2}\s?[\"'#(]?$",
    re.IGNORECASE,
)
"""Right before a number: it names a thing."""


def names_a_thing(text: str, start: int) -> bool:
    """Whether the words right before say that the number is of an order, a version, an id."""
    return NO_PERSON.search(text[max(0, start - BEFORE) : start]) is not None


def said(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether one of the words stands near."""
    return bool(words.search(text[max(0, start - BEFORE) : start]) or words.search(text[end : end + AFTER]))
