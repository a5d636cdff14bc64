"""IP addresses: v4 that is no version, v6 in every spelling that RFC 4291 allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address

from guard.redact.span import Clue, Family

QUAD = re.compile(
    r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![A-Za-z0-9_]|\.[0-9]|-[A-Za-z]|\+[0-9]|-[0-9]+(?![0-9.]))"
)
OCTETS = frozenset(map(str, range(256)))
PRODUCTS = frozenset(
    (
        "v ver vers version versions release rel build firmware fw sdk update upgrade upgraded upgrades"
        " sürüm section chapter oid chrome safari edg edge opera opr firefox mozilla gecko webkit "
        "applewebkit electron python node nginx apache java jdk ruby php linux kernel windows macos ios"
        " android openssl redis mysql django curl docker ubuntu debian"
    ).split()
)
"""Right before a version: `Chrome/120.0.0.0`."""
CHANGES = frozenset(
    "version versions upgrade upgraded upgrading update updated updating bump bumped release released".split()
)
"""Not far before one: `upgraded the parser to 1.2.3.4`."""
COMPARED = ("==", ">=", "<=", "~=", "!=", "§")
WORD = re.compile(r"[^\W_0-9]+")
LOOKS_BACK = 32

V6 = re.compile(r":[0-9A-Fa-f:.]{1,60}")
HEX = "0123456789ABCDEFabcdef"
SLICE = re.compile(r"[0-9]{0,3}::[0-9]{0,3}$|[A-Fa-f:]+$")
GROUPS, SHORTEST = 8, 3
V4_BITS, V6_BITS = 32, 128
TAIL = re.compile(r"(?P<zone>%[A-Za-z0-9_.\-]{1,15})?(?:/(?P<bits>[0-9]{1,3})(?![0-9A-Za-z_]))?")


def v4(text: str) -> Iterator[tuple[int, int]]:
    """Find four octets; a port or a prefix length behind them is none of theirs."""
    for match in QUAD.finditer(text):
        if not OCTETS.issuperset(match[0].split(".")):
            continue
        before = text[max(0, match.start() - LOOKS_BACK) : match.start()]
        if not _goes_on(before) and not _is_version(before):
            yield match.start(), _with_network(text, match.end(), V4_BITS)


def _goes_on(before: str) -> bool:
    """Whether the digits belong to a longer word or number."""
    last = before[-1:]
    return (
        (last.isascii() and last.isalnum())
        or last in ("_", ".", "+")
        or (last == "-" and before[-2:-1].isalpha())
    )


def _is_version(before: str) -> bool:
    words = [word.lower() for word in WORD.findall(before)]
    if words and (
        words[-1] in PRODUCTS
        or (words[-1] in ("to", "from", "is", "of") and words[-2:-1] and words[-2] in PRODUCTS)
    ):
        return True
    return not CHANGES.isdisjoint(words) or before.rstrip(" \"'").endswith(COMPARED)


def v6(text: str) -> Iterator[tuple[int, int]]:
    """Find eight groups, or fewer around one `::`."""
    for match in V6.finditer(text):
        head = text[max(0, match.start() - 5) : match.start()]
        head = head[len(head.rstrip(HEX)) :]
        candidate = head + match[0].rstrip(".")
        if candidate.endswith(":") and not candidate.endswith("::"):
            candidate = candidate[:-1]
        start = match.start() - len(head)
        end = start + len(candidate)
        if _may_be_v6(candidate) and _stands_alone(text, start, end) and _parses(candidate):
            yield start, _with_network(text, end, V6_BITS)


def _with_network(text: str, end: int, widest: int) -> int:
    """Return the end behind a zone and a prefix length."""
    tail = TAIL.match(text, end)
    if not tail:
        return end
    zone, bits = tail["zone"] if widest > V4_BITS else None, tail["bits"]
    if tail["zone"] and not zone:
        return end
    fits = bits and int(bits) <= widest
    return tail.end() if fits else tail.end("zone") if zone else end


def _may_be_v6(candidate: str) -> bool:
    """Not a time, not a MAC address, not `std::dead` or `a[::1]`."""
    colons = candidate.count(":")
    if "::" not in candidate:
        return colons == GROUPS - 1 or (colons == GROUPS - 2 and "." in candidate)
    return candidate == "::1" or (len(candidate) > SHORTEST and not SLICE.match(candidate))


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    if before[-1:].isalnum() or before[-1:] in ("_", ":", "."):
        return False
    if (
        before[-1:] == "["
        and (before[:1].isalnum() or before[:1] in (")", "]"))
        and len(text[start:end]) <= SHORTEST
    ):
        return False
    return not (after.isalnum() or after in ("_", ":"))


def _parses(candidate: str) -> bool:
    try:
        IPv6Address(candidate)
    except AddressValueError:
        return False
    return True


FAMILIES = (
    Family("ip", (Clue(pattern=r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"),), v4),
    Family(
        "ip", (Clue(pattern=r"::|:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:"),), v6
    ),
)
