"""What an application gets for a write."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Written:
    """Whether Zep took the messages, and if not why: a failure kind, or what kept them from being sent."""

    stored: bool
    reason: str | None = None
    took_ms: float = field(default=0.0, compare=False)
    redactions: int = field(default=0, compare=False)
