"""Where something was found, and what becomes of finds that overlap.  A span holds positions, never text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """`text[start:end]` is of this kind."""

    start: int
    end: int
    kind: str


Find = Callable[[str], Iterator[tuple[int, int]]]
"""Yields where its kind begins and ends in a text."""


class Clue(NamedTuple):
    """Something without which a family cannot occur: `pattern` matches, or one of `literals` is there.

    Where both are given, every match of `pattern` holds one of the literals: a search without RE2 looks
    for them first.  `pattern` means the same to RE2 and to `re`: ASCII classes, no assertions.
    """

    literals: tuple[str, ...] = ()
    pattern: str = ""
    anycase: bool = False


class Family(NamedTuple):
    """One way in which a kind is written; `find` runs only where all `clues` are there."""

    kind: str
    clues: tuple[Clue, ...]
    find: Find


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return disjoint spans in order: overlaps become their union, of the kind that covers most."""
    union: list[Span] = []
    widest = 0
    for span in sorted(spans):
        width = span.end - span.start
        if union and span.start < union[-1].end:
            last = union[-1]
            kind = span.kind if width > widest or (width == widest and last.kind == "phone") else last.kind
            widest = max(widest, width)
            union[-1] = Span(last.start, max(last.end, span.end), kind)
        else:
            union.append(span)
            widest = width
    return union
