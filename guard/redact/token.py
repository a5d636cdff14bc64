"""What carries access in itself: JWTs, bearer and basic headers, cookies, private keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.likely import entropy_bits, stands_for_another
from guard.redact.nearby import positions
from guard.redact.span import Clue, Family

JWT = re.compile(
    r"e[wy][A-Za-z0-9](?<![A-Za-z0-9_\-]e..)[A-Za-z0-9_\-]{7,4000}+\.[A-Za-z0-9_\-]{4,8000}+(?:\.[A-Za-z0-9_\-]{0,4000}+){0,3}=?"
)
ENCODED_JWT = re.compile(r"ZXlK(?<![A-Za-z0-9_\-]ZXlK)[A-Za-z0-9/\\_+\-]{40,8000}+={0,2}")
BEARER = re.compile(r"[ \t:=]{1,3}[\"']?(?P<value>[A-Za-z0-9._~+/=\-]{8,4000}+)")
AUTHORIZATION = re.compile(
    r"[\"']{0,2}\s{0,2}[:=,>]{1,2}\s{0,2}[\"'({]{0,2}"
    r"(?:(?:bearer|basic|token|apikey|api-key)[ \t:=]{1,3}[\"']?"
    r"|(?!digest|negotiate|aws4))(?P<value>[A-Za-z0-9._~+/=\-]{8,4000}+)",
    re.IGNORECASE,
)
COOKIE = re.compile(
    r"(?<![A-Za-z])(?:set-)?cookie[\"']?:\s?[\"']?(?P<value>[A-Za-z0-9_.\-]{1,64}=[^\r\n\"']{6,4000})",
    re.IGNORECASE,
)
BEGIN = re.compile(r"-----BEGIN[ A-Z0-9_\-]{0,60}PRIVATE KEY(?: BLOCK)?-----")
END = re.compile(r"-----END[ A-Z0-9_\-]{0,60}PRIVATE KEY(?: BLOCK)?-----")
KEY_LINES = re.compile(r"(?:\\[nr]|[A-Za-z0-9+/=\s:,.\-\u2026\"'|>])*+")
LEAST_BITS, LONG = 2.5, 16
WIDTH = 64
"""Characters of a value whose entropy is looked at."""


def jwts(text: str) -> Iterator[tuple[int, int]]:
    """Find JSON Web Tokens and what looks like one inside."""
    for match in JWT.finditer(text):
        yield match.span()
    for match in ENCODED_JWT.finditer(text):
        yield match.span()


def bearers(text: str) -> Iterator[tuple[int, int]]:
    """Find what follows the word bearer, unless it is a word, too."""
    for at in positions(("bearer",), text):
        match = BEARER.match(text, at + len("bearer"))
        if match and not text[at - 1 : at].isalnum() and _is_drawn(match["value"]):
            yield match.span("value")


def headers(text: str) -> Iterator[tuple[int, int]]:
    """Find the value of an Authorization header, whatever its scheme."""
    for at in positions(("authorization",), text):
        match = AUTHORIZATION.match(text, at + len("authorization"))
        if (
            match
            and not stands_for_another(match["value"])
            and entropy_bits(match["value"][:WIDTH]) >= LEAST_BITS
        ):
            yield match.span("value")


def _is_drawn(value: str) -> bool:
    if stands_for_another(value) or entropy_bits(value[:WIDTH]) < LEAST_BITS:
        return False
    has_digit = any(map(str.isdigit, value))
    return has_digit or len(value) > 2 * LONG or (not value.islower() and len(value) >= LONG)


def cookies(text: str) -> Iterator[tuple[int, int]]:
    """Find what follows Cookie:, all of it: sessions have no common name."""
    for match in COOKIE.finditer(text):
        yield match.span("value")


def private_keys(text: str) -> Iterator[tuple[int, int]]:
    """Find PEM blocks; one whose end is cut off goes on as long as it looks like one."""
    at, last = 0, text.rfind("-----END")
    while begin := BEGIN.search(text, at):
        end = END.search(text, begin.end()) if begin.end() <= last else None
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
    Family("token", (Clue(literals=("bearer",), anycase=True),), bearers),
    Family("token", (Clue(literals=("authorization",), anycase=True),), headers),
    Family("token", (Clue(literals=("cookie:", 'cookie":', "cookie':"), anycase=True),), cookies),
    Family("private_key", (Clue(literals=("PRIVATE KEY",)),), private_keys),
)
