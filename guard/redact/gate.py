"""Says which families can occur in a text at all; most chat messages end here.

With RE2 (extra `[redact]`) two passes over the text ask all clues, 5 us for 500 characters; without it
substring searches and `re` do, 0.5 ms.  The gate only ever spares work: what is found is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from guard.redact.span import Clue, Family

try:
    import re2  # type: ignore[import-untyped,unused-ignore]  # google-re2 has no types
except ModuleNotFoundError:
    re2 = None

HAS_RE2 = re2 is not None
Gate = Callable[[str], list[int]]
"""Returns the numbers of the clues that a text holds, in no order."""


class Families:
    """Families behind a gate: `possible` yields those whose clues are all there."""

    def __init__(self, families: Sequence[Family], first: Clue, *, use_re2: bool = HAS_RE2) -> None:
        clues = list(dict.fromkeys([first, *(clue for family in families for clue in family.clues)]))
        number = {clue: at for at, clue in enumerate(clues)}
        self._needs = [(family, {number[clue] for clue in family.clues}) for family in families]
        self._by_clue = [
            [(family, needs) for family, needs in self._needs if number[clue] == min(needs)] for clue in clues
        ]
        self._gate = _re2_gate(clues) if use_re2 else partial(_stdlib_gate, _stdlib_clues(clues))

    def hints(self, text: str) -> list[int]:
        """Return which clues there are; 0 stands for `first`.  Text that is no UTF-8 has all."""
        try:
            return self._gate(text)
        except UnicodeEncodeError:
            return list(range(len(self._by_clue)))

    def possible(self, hints: Sequence[int]) -> list[Family]:
        """Return the families that the clues allow."""
        have = set(hints)
        return [family for hint in hints for family, needs in self._by_clue[hint] if needs <= have]


def _re2_gate(clues: Sequence[Clue]) -> Gate:
    """Ask for shapes and for words apart: together they make more states than RE2 keeps (450 us, not 7)."""
    shapes = [n for n, clue in enumerate(clues) if not clue.literals]
    words = [n for n, clue in enumerate(clues) if clue.literals]
    of_shapes, of_words = _re2_set([clues[n] for n in shapes]), _re2_set([clues[n] for n in words])

    def gate(text: str) -> list[int]:
        data = text.encode()
        found, said = of_shapes(data), of_words(data)  # None for none
        return [*(shapes[n] for n in found or ()), *(words[n] for n in said or ())] if found or said else []

    return gate


def _re2_set(clues: Sequence[Clue]) -> Callable[[bytes], list[int] | None]:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    asked: Any = re2.Set.SearchSet(options)
    for clue in clues:
        asked.Add(_as_pattern(clue))
    asked.Compile()
    match: Callable[[bytes], list[int] | None] = asked.Match
    return match


def _as_pattern(clue: Clue) -> str:
    pattern = clue.pattern or "|".join(re.escape(literal) for literal in clue.literals)
    return f"(?i){pattern}" if clue.anycase else pattern


def _stdlib_clues(clues: Sequence[Clue]) -> list[tuple[int, Clue, Callable[[str], object]]]:
    lowered = [
        clue._replace(literals=tuple(map(str.lower, clue.literals))) if clue.anycase else clue
        for clue in clues
    ]
    return [(n, clue, re.compile(_as_pattern(clue)).search) for n, clue in enumerate(lowered)]


def _stdlib_gate(clues: Sequence[tuple[int, Clue, Callable[[str], object]]], text: str) -> list[int]:
    lowered = text.lower()
    return [number for number, clue, search in clues if _holds(clue, search, text, lowered)]


def _holds(clue: Clue, search: Callable[[str], object], text: str, lowered: str) -> bool:
    where = lowered if clue.anycase else text
    if clue.literals and not any(literal in where for literal in clue.literals):
        return False
    return not clue.pattern or search(text) is not None
