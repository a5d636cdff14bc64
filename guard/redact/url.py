"""User and password in a URL: `postgres://app:s3cret@db/prod`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.likely import entropy_bits
from guard.redact.span import Clue, Family

AUTHORITY = re.compile(r"[^\s/?#\"'<>`\\]{1,320}")
BEYOND = re.compile(r"[^\s\"'<>`@:/]{0,128}:(?![0-9]{1,5}(?:[/?#]|$))[^\s\"'<>`@]{1,128}@(?=[A-Za-z0-9\[])")
"""A password that holds a / or # which nobody escaped."""
HOST = re.compile(r"[A-Za-z0-9\[_${\u0080-\uffff]")
VARIABLE = re.compile(
    r"(?:\$\{?\w+\}?|\{+[^{}]*\}+|<[^>]*>|%\(?\w*\)?s?|\*+|x{3,}|\.{3,}|\[[A-Z_a-z]*\]|\$\([^)]*\))?$",
    re.IGNORECASE,
)
TOKEN_LENGTH, TOKEN_BITS = 20, 3.0
"""A user without a password that is a token: `https://<40 hex digits>@github.com`."""


def credentials(text: str) -> Iterator[tuple[int, int]]:
    """Find user:password between :// and @."""
    at = text.find("://")
    while at >= 0:
        start = at + 3
        end = _userinfo_end(text, start)
        if end and _is_secret(text[start:end]):
            yield start, end
        at = text.find("://", max(start, end))


def _userinfo_end(text: str, start: int) -> int:
    """Return where the userinfo ends, 0 if there is none."""
    authority = AUTHORITY.match(text, start)
    if authority and "@" in authority[0]:
        end = start + authority[0].rindex("@")
        return end if HOST.match(text, end + 1) else 0
    beyond = BEYOND.match(text, start)
    return beyond.end() - 1 if beyond else 0


def _is_secret(userinfo: str) -> bool:
    user, colon, password = userinfo.partition(":")
    if colon:
        return not VARIABLE.match(password)
    return len(user) >= TOKEN_LENGTH and any(map(str.isdigit, user)) and entropy_bits(user) >= TOKEN_BITS


FAMILIES = (Family("url_password", (Clue(literals=("://",)), Clue(literals=("@",))), credentials),)
