"""Mail addresses: found at their @, whatever the script, with a top-level domain that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.span import Clue, Family
from guard.redact.tlds import TOP_LEVEL

AT = re.compile(r"@|%40")
ATOM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~"
EDGES = "!#$%&'*/=?^`{|}~."
"""Allowed inside a local part, but where one begins they are punctuation: `to=ann@b.io`, `'ann@b.io'`."""
LONGEST_LOCAL = 64
QUOTED = re.compile(r'"(?:[^"\\\r\n]|\\.){1,62}"$')
HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
ANY_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_](?:[\w-]{0,61}[^\W_])?")
LITERAL = re.compile(r"\[(?:IPv6:[0-9A-Fa-f:.]{2,45}|[0-9]{1,3}(?:\.[0-9]{1,3}){3})\]")
FIRST_IDEOGRAPH = 0x0E00
"""Scripts from here on are written without spaces: what stands before an ASCII address is the sentence."""


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Find local@host."""
    taken = 0
    for at in AT.finditer(text):
        start = _local_start(text, at.start(), taken)
        if start is None:
            continue
        end = _host_end(text, at.end())
        if end and not _is_repository(text, start, at.start(), end):
            taken = end
            yield start, end


def _local_start(text: str, at: int, floor: int) -> int | None:
    head = text[max(floor, at - LONGEST_LOCAL) : at]
    quoted = QUOTED.search(head) if head.endswith('"') else None
    if quoted:
        return at - len(head) + quoted.start()
    plain = head[len(head.rstrip(ATOM)) :]
    before = head[: len(head) - len(plain)][-1:]
    if before and before.isalnum() and (not plain or ord(before) < FIRST_IDEOGRAPH):
        plain = _with_other_scripts(head)
    local = _without_query(plain.lstrip(EDGES))
    if not local or local[-1] == ".":
        return None
    return at - len(local)


def _with_other_scripts(head: str) -> str:
    at = len(head)
    while at and (head[at - 1].isalnum() or head[at - 1] in ATOM):
        at -= 1
    return head[at:]


def _without_query(local: str) -> str:
    """Cut `path?to=` and `name='` off: what an address may hold by the letter of RFC 5322, but never does."""
    for mark in "=/?&'|{}`":
        local = local.rpartition(mark)[2]
    return local


def _host_end(text: str, start: int) -> int:
    """Return where the host ends, 0 if there is none."""
    match = HOST.match(text, start)
    if match and (end := _known(match[0])):
        follower = text[start + end : start + end + 1]
        if not (follower.isalpha() and ord(follower) < FIRST_IDEOGRAPH):
            return start + end
    if literal := LITERAL.match(text, start):
        return literal.end()
    match = None if text[start : start + 1].isascii() and match else ANY_HOST.match(text, start)
    return match.end() if match and _is_foreign(match[0]) else 0


def _known(host: str) -> int:
    """Return the length of the host up to the last label that is a top-level domain."""
    labels = host.split(".")
    while len(labels) > 1:
        top = labels[-1].lower()
        if top in TOP_LEVEL or top.startswith("xn--"):
            return len(".".join(labels))
        labels.pop()
    return 0


def _is_foreign(host: str) -> bool:
    top = host.rpartition(".")[2]
    return top.lower() in TOP_LEVEL or not top.isascii()


def _is_repository(text: str, start: int, at: int, end: int) -> bool:
    """`git@github.com:guard/guard.git` is nobody's address."""
    return text[start:at] == "git" and text[end : end + 1] in (":", "/")


FAMILIES = (Family("email", (Clue(literals=("@", "%40")),), emails),)
