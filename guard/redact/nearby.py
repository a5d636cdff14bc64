"""Words around a number that say what it is."""

from __future__ import annotations

import re

BEFORE, AFTER = 48, 28
"""Characters looked at."""

NO_PERSON = re.compile(
    r"(?:\b(?:order|invoice|ref(?:erence)?|ticket|sku|isbn|issn|serial|tracking|version|build|release|commit|case|part"
    r"|model|item|product|batch|lot|epoch|timestamp|ts|pid|line|row|doi|arxiv|rfc|patent|zip|barcode|ean|upc|account|acct"
    r"|student|employee|policy|passport|licen[cs]e|po|bug|issue|job|task|request|session|transaction|txn|event|record"
    r"|block|size|bytes|offset|card|port|sipariş|fatura|takip|fiş|barkod|hesap|kart|bestell\w{0,8}|rechnung\w{0,8}"
    r"|commande|facture|pedido|factura)|(?:\b|_)id|_no|[a-z]Id)"
    r"[\"'\]]{0,2}(?: ?(?:no|num|number|id|code|numarası|nr|n[º°]))?\.?(?: (?:is|was|of|are))?[\"']?\s?[:=#]{0,2}\s?[\"'#(]?$",
    re.IGNORECASE,
)
"""Right before a number: it names a thing."""


def names_a_thing(text: str, start: int) -> bool:
    """Whether the words right before say that the number is of an order, a version, an id."""
    return NO_PERSON.search(text[max(0, start - BEFORE) : start]) is not None


def said(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether one of the words stands near."""
    return bool(words.search(text[max(0, start - BEFORE) : start]) or words.search(text[end : end + AFTER]))
