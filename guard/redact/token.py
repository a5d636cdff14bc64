"""What carries access in itself: JWTs, bearer and basic headers, cookies, private keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.likely import entropy_bits, stands_for_another
from guard.redact.span import Clue, Family

JWT = re.compile(
    r"e[wy][A-Za-z0-9](?<![A-Za-z0-9_\-]e..)[A-Za-z0-9_\-]{7,4000}+\.[A-Za-z0-9_\-]{4,8000}+(?:\.[A-Za-z0-9_\-]{0,4000}+){0,3}=?"
)
ENCODED_JWT = re.compile(r"ZXlK(?<![A-Za-z0-9_\-]ZXlK)[A-Za-z0-9/\\_+\-]{40,8000}+={0,2}")
SCHEME = re.compile(
    r"(?<![A-Za-z0-9_])(?P<scheme>bearer|basic|token|apikey|api-key)[ \t:=]{1,3}[\"']?(?P<value>[A-Za-z0-9._~+/=\-]{8,4000})",
    re.IGNORECASE,
)
AFTER_HEADER = re.compile(r"authorization[\"']{0,2}\s{0,2}[:=,>]{1,2}\s{0,2}[\"'({]{0,2}$", re.IGNORECASE)
BARE_HEADER = re.compile(
    r"authorization[\"']?\s?[:=]\s?[\"']?(?!bearer|basic|token|digest|negotiate|aws4)(?P<value>[A-Za-z0-9._~+/=\-]{12,4000})",
    re.IGNORECASE,
)
COOKIE = re.compile(
    r"(?<![A-Za-z])(?:set-)?cookie[\"']?:\s?[\"']?(?P<value>[A-Za-z0-9_.\-]{1,64}=[^\r\n\"']{6,4000})",
    re.IGNORECASE,
)
BEGIN = re.compile(r"-----BEGIN[ A-Z0-9_\-]{0,60}PRIVATE KEY(?: BLOCK)?-----")
END = re.compile(r"-----END[ A-Z0-9_\-]{0,60}PRIVATE KEY(?: BLOCK)?-----")
KEY_LINES = re.compile(r"(?:\\[nr]|[A-Za-z0-9+/=\s:,.\-\u2026\"'|>])*+")
HEADER_BITS, LONG = 2.5, 16
VALUE_MAX = 64


def jwts(text: str) -> Iterator[tuple[int, int]]:
    """Find JSON Web Tokens and what looks like one inside."""
    for match in JWT.finditer(text):
        yield match.span()
    for match in ENCODED_JWT.finditer(text):
        yield match.span()


def headers(text: str) -> Iterator[tuple[int, int]]:
    """Find the values of Authorization headers, with or without the header's name."""
    for match in SCHEME.finditer(text):
        head = text[max(0, match.start() - 24) : match.start()]
        if _carries(match["value"], named=bool(AFTER_HEADER.search(head)), scheme=match["scheme"].lower()):
            yield match.span("value")
    for match in BARE_HEADER.finditer(text):
        if not stands_for_another(match["value"]) and any(map(str.isdigit, match["value"])):
            yield match.span("value")


def _carries(value: str, *, named: bool, scheme: str) -> bool:
    if stands_for_another(value) or entropy_bits(value[:VALUE_MAX]) < HEADER_BITS:
        return False
    if named:
        return True
    has_digit = any(map(str.isdigit, value))
    return scheme == "bearer" and (
        has_digit or len(value) > 2 * LONG or not value.islower() and len(value) >= LONG
    )


def cookies(text: str) -> Iterator[tuple[int, int]]:
    """Find what follows Cookie:, all of it: sessions have no common name."""
    for match in COOKIE.finditer(text):
        yield match.span("value")


def private_keys(text: str) -> Iterator[tuple[int, int]]:
    """Find PEM blocks; one whose end is cut off goes on as long as it looks like one."""
    at = 0
    while begin := BEGIN.search(text, at):
        end = END.search(text, begin.end())
        at = end.end() if end else _lines_end(text, begin.end())
        yield begin.start(), at


def _lines_end(text: str, start: int) -> int:
    match = KEY_LINES.match(text, start)
    return match.end() if match else start


FAMILIES = (
    Family(
        "token",
        (
            Clue(literals=("eyJ", "ey", "ew", "ZXlK")),
            Clue(pattern=r"e[wy][A-Za-z0-9_\-]{8}[A-Za-z0-9_\-]*\.[A-Za-z0-9_\-]{4}|ZXlK[A-Za-z0-9]{8}"),
        ),
        jwts,
    ),
    Family("token", (Clue(literals=("bearer", "authorization"), anycase=True),), headers),
    Family("token", (Clue(literals=("cookie:", 'cookie":', "cookie':"), anycase=True),), cookies),
    Family("private_key", (Clue(literals=("PRIVATE KEY",)),), private_keys),
)
