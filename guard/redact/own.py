"""Patterns of a user's own, on RE2 alone: nobody can say that a stranger's `re` pattern is linear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guard.redact.gate import HAS_RE2
from guard.redact.span import Clue, Family


def own_family(name: str, pattern: str) -> Family:
    """Return a family; raise ValueError that names the pattern, not what it is, if RE2 cannot use it."""
    if not HAS_RE2:
        raise ValueError(f"pattern {name!r} needs RE2: pip install 'zep-guard[redact]'")
    import re2  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415 - an extra without types

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        raise ValueError(f"pattern {name!r} is none that RE2 takes") from None
    if compiled.search("") or re.search(r"\(\?<?[=!]", pattern):
        raise ValueError(f"pattern {name!r} matches nothing at all")
    return Family(name, (Clue(pattern=pattern),), lambda text: _found(compiled, text))


def _found(compiled: Any, text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in compiled.finditer(text) if match.end() > match.start())
