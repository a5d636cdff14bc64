"""What an application gets for a request for context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from guard.modes import Mode

RECENT = 4
"""Messages of the application's own that stand in for a context: the seed's number."""


class Answer(StrEnum):
    """What became of a request for context: an outage and an empty memory are different things."""

    FOUND = "found"
    EMPTY = "empty"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Context:
    """`text` is None unless FOUND, `recent` may stand in for it; `trace` is JSON-ready, without any text."""

    answer: Answer
    text: str | None
    trace: dict[str, Any]
    recent: tuple[Mapping[str, object], ...] = ()


def found_or_empty(text: str | None, mode: Mode, source: str, took_s: float, *, cached: bool) -> Context:
    """Return the context that a read or the cache brought."""
    answer = Answer.FOUND if text else Answer.EMPTY
    return Context(answer, text or None, trace(mode, answer, source, took_s, cached=cached, text=text or ""))


def unavailable(
    mode: Mode,
    source: str,
    took_s: float,
    reason: str,
    *,
    cached: bool = False,
    until: str | None = None,
    status_code: int | None = None,
) -> Context:
    """Return why there is no context."""
    shown = trace(mode, Answer.UNAVAILABLE, source, took_s, cached=cached)
    shown.update(reason=reason, until=until, status_code=status_code)
    return Context(Answer.UNAVAILABLE, None, shown)


def with_recent(context: Context, messages: tuple[Mapping[str, object], ...]) -> Context:
    """Return the context with the last messages beside it, for the caller to use instead."""
    recent = messages[-RECENT:]
    return Context(context.answer, context.text, {**context.trace, "recent_count": len(recent)}, recent)


def trace(
    mode: Mode, answer: Answer, source: str, took_s: float, *, cached: bool, text: str = ""
) -> dict[str, Any]:
    """Return `trace.memory` as the seed words it."""
    return {
        "mode": str(mode),
        "used": answer is Answer.FOUND,
        "cached": cached,
        "source": source,
        "took_ms": round(took_s * 1000, 2),
        "reason": None,
        "until": None,
        "status_code": None,
        "facts_count": text.count("\n- ") + text.count("\n  - ") + text.startswith("- "),
        "recent_count": 0,
    }
