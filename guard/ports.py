"""What the guard needs from the world, as Protocols; `wiring` picks who implements them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from guard.machine import Event, State, Turn, Verb

Message = Mapping[str, object]
"""`{"role": "user"|"assistant"|..., "content": str, "name": str?, "metadata": dict?}`"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read brought: no text is an empty memory; `asked` is False when the backend was not needed."""

    text: str | None
    asked: bool = True


class Clock(Protocol):
    """Time, passed in so that tests can advance it."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    def wall(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class Memory(Protocol):
    """The backend that is guarded.  Every method raises `MemoryFailure` and nothing else."""

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        """Return the thread's context within `timeout_ms` or fail."""

    def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
    ) -> None:
        """Store messages, once for one key; create user and thread when missing."""

    def probe(self, thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:
        """Repeat the kind of read that failed, marked as a probe; an empty `thread_id` means any read."""

    def close(self) -> None:
        """Give up connections."""


class Feed(Protocol):
    """Snapshots pushed by the store, newest last."""

    def next(self, timeout_s: float) -> State | None:
        """Wait for a snapshot, None when none came; raise StoreError once the store is known to be gone."""


class Store(Protocol):
    """Where the fleet's state lives.  All times in a State are on the caller's monotonic clock."""

    def apply(self, event: Event) -> tuple[State, Verb]:
        """Apply one event atomically; raise StoreError when the store does not answer."""

    def read(self) -> State:
        """Return the state as it stands."""

    def history(self) -> list[Turn]:
        """Return the last transitions, newest first."""

    def listen(self) -> AbstractContextManager[Feed]:
        """Subscribe to changes; a change after this returns is either pushed or seen by `read`."""

    def close(self) -> None:
        """Give up connections."""


class Directory(Protocol):
    """Names that Zep v4 made up for ours: ("thread", our id) -> its UUID."""

    def get(self, kind: str, name: str) -> str | None:
        """Return the UUID, None when unknown."""

    def claim(self, kind: str, name: str, uuid: str) -> str:
        """Record `uuid` unless another process was first; return the one that holds."""

    def forget(self, kind: str, name: str) -> None:
        """Drop an entry that Zep no longer knows."""
