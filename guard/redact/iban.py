"""IBANs: country, its length, and ISO 7064 mod 97."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.span import Clue, Family

BEGINNING = re.compile(r"[A-Za-z]{2} ?[0-9]{2}")
GLUED = "iban"
REST = re.compile(r"(?:[ \t\r\n.\-/]{0,2}[A-Za-z0-9]){15,34}")
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 "
    "DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 "
    "IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 "
    "MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 "
    "SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 DZ26 AO25 BJ28 BF28 CM27 CV25 "
    "CF27 TD27 KM27 CG27 CI28 GA27 GQ27 GW25 IR26 MG27 ML28 MA28 MZ25 NE28 SN28 TG28"
)
LENGTHS = {item[:2]: int(item[2:]) for item in _LENGTHS.split()}
"""Characters of an IBAN by country (SWIFT's registry, and countries that use one without being in it)."""


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Find IBANs, in one piece or in groups, in any case."""
    taken = 0
    for match in BEGINNING.finditer(text):
        start = match.start()
        length = LENGTHS.get(text[start : start + 2].upper()) if start >= taken else None
        end = _end(text, start, length) if length and _stands_alone(text, start) else 0
        if end and _mod97(text[start:end]):
            taken = end
            yield start, end


def _stands_alone(text: str, start: int) -> bool:
    before = text[start - 1 : start]
    return not (before.isascii() and before.isalnum()) or text[max(0, start - 4) : start].lower() == GLUED


def _end(text: str, start: int, length: int) -> int:
    """Return where so many letters and digits end, 0 if they do not end there."""
    rest = REST.match(text, start)
    if not rest:
        return 0
    left = length
    for at in range(rest.start(), rest.end()):
        left -= text[at].isalnum()
        if not left:
            follower = text[at + 1 : at + 2]
            return 0 if follower.isascii() and follower.isalnum() else at + 1
    return 0


def _mod97(written: str) -> bool:
    characters = "".join(filter(str.isalnum, written))
    turned = characters[4:] + characters[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


COUNTRY = "|".join(LENGTHS)
GAP = r"[ \t\r\n.\-/]{0,2}"
CLUE = Clue(
    pattern=rf"(?i)(?:^|[^0-9A-Z]|iban)(?:{COUNTRY})[ ]?[0-9]{{2}}{GAP}[A-Z0-9]{{4}}{GAP}[A-Z0-9]{{0,3}}[0-9]"
)
FAMILIES = (Family("iban", (CLUE,), ibans),)
