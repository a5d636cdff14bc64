"""Street addresses, as the US and Turkey write them.  Off by default: no shape says address for sure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.span import Clue, Family

STREETS = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Way"
    "|Parkway|Pkwy|Highway|Hwy"
)
AMERICAN = re.compile(
    r"(?<![A-Za-z0-9.,])[1-9][0-9]{0,4}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z0-9][A-Za-z0-9'.]{0,20} ){1,4}"
    rf"(?:{STREETS})\b\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|#)\.? ?[A-Za-z0-9\-]{{1,6}})?"
    r"(?:,? [A-Z][A-Za-z.]{1,20}(?: [A-Z][a-z]{1,20}){0,2},? [A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?)?"
)
LETTERS = "A-Za-zÇĞİÖŞÜçğıöşü"
TURKISH = re.compile(
    rf"(?:[A-ZÇĞİÖŞÜ][{LETTERS}0-9.]{{0,20}} ){{1,4}}"
    r"(?:Mah(?:allesi)?|Cad(?:desi)?|Sok(?:ak|ağı)?|Bulvarı|Blv|Sk|Cd)\b\.?"
    rf"(?:[ ,/]{{1,3}}(?:[0-9{LETTERS}.]{{1,20}} ){{0,3}}(?:Cad|Sok|Sk|Cd|Blok|Apt|Daire|D|No|Kat|K)\b"
    r"[.: ]{0,3}[0-9A-Z/\-]{0,6}){1,5}"
)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Find a house number and a street, a quarter and a street."""
    for pattern in (AMERICAN, TURKISH):
        for match in pattern.finditer(text):
            yield match.span()


FAMILIES = (
    Family(
        "address",
        (Clue(pattern=r"[0-9]"), Clue(pattern="[A-Z][a-z]|[ÇĞİÖŞÜ]")),
        addresses,
    ),
)
