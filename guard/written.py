"""What an application gets for a write."""

from __future__ import annotations

from dataclasses import dataclass, field

from guard.outbox import QUEUED


@dataclass(frozen=True, slots=True)
class Written:
    """Whether Zep took the messages, and if not why: a failure kind, or what kept them from being sent."""

    stored: bool
    reason: str | None = None
    took_ms: float = field(default=0.0, compare=False)
    redactions: int = field(default=0, compare=False)

    @property
    def acknowledged(self) -> bool:
        """Whether the messages are safe: Zep has them, or the outbox has and will replay them."""
        return self.stored or self.reason == QUEUED
