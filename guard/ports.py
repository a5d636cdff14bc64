"""What the guard needs from the world, as Protocols; `wiring` picks who implements them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from guard.history import Turn
from guard.machine import Event, State, Verb
from guard.outbox import Depth, Poison, Taken

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


class Probe(Protocol):
    """Asks the backend whether it serves reads again."""

    def __call__(self, thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:
        """Repeat the kind of read that failed, marked as a probe; an empty `thread_id` means any read.

        Called from a thread of the guard's own, never from an event loop.
        """


class Memory(Protocol):
    """The backend that is guarded.  Every method raises `MemoryFailure` and nothing else."""

    idempotent: bool
    """Whether `write` stores once for one key, however often it is called."""

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
        return_context: bool,
    ) -> str | None:
        """Store messages; create user and thread when missing.

        Return the thread's new context if `return_context` asks for it and the backend knows it already.
        """

    @property
    def probe(self) -> Probe:
        """How to find out whether reads may come back."""

    def close(self) -> None:
        """Give up connections."""


class AsyncMemory(Protocol):
    """A backend for `AsyncMemoryGuard`, which holds `read` and `write` to their deadlines itself."""

    idempotent: bool
    """See `Memory`."""

    async def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        """See `Memory`."""

    async def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        """See `Memory`."""

    @property
    def probe(self) -> Probe:
        """See `Memory`; it runs in a thread, where `asyncio.run` is fine."""

    async def aclose(self) -> None:
        """Give up connections."""


@dataclass(frozen=True, slots=True)
class Cached:
    """What the cache knows of a thread: its context, or (`failed`) why Zep should not be asked just now."""

    text: str | None = None
    failed: str = ""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The last context that Zep gave for a thread, and how long ago."""

    text: str
    age_s: float


class Cache(Protocol):
    """Contexts the fleet has seen lately.  Never raises: a cache that is away knows nothing.

    What it is given for a `ttl_s` of 0 is not served by `get`, but may be remembered as the last good one.
    """

    def get(self, thread_id: str) -> Cached | None:
        """Return what is known, in at most one round trip."""

    def fill(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a read brought, unless a write was faster: its context is the newer one."""

    def replace(self, thread_id: str, entry: Cached, ttl_s: float) -> None:
        """Remember what a write brought."""

    def last_good(self, thread_id: str) -> LastGood | None:
        """Return what stands in during an outage, in one round trip; None unless the cache keeps such."""

    def drop(self, thread_id: str) -> bool:
        """Stop serving a thread, but for an outage; tell whether it was known."""

    def forget(self, thread_id: str) -> bool:
        """Forget all of a thread; tell whether it was known."""


class Claims(Protocol):
    """Names of writes that were made: what stands in for idempotency where the backend has none."""

    def claim(self, name: str, ttl_s: float) -> bool:
        """Take a name; False when somebody has it.  Without a store every name is free."""

    def release(self, name: str) -> None:
        """Free a name: the write was not made, or nobody knows."""


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

    def show_writes(self, *, open_s: float) -> None:
        """Let `status` know that a process's write breaker opened for `open_s`, or with 0 that it closed."""

    def writes_open(self) -> bool:
        """Tell whether some process's write breaker is open."""

    def listen(self) -> AbstractContextManager[Feed]:
        """Subscribe to changes; a change after this returns is either pushed or seen by `read`."""

    def close(self) -> None:
        """Give up connections."""


class Directory(Protocol):
    """Names that Zep v4 made up for ours: ("thread", our id) -> its UUID."""

    def get(self, kind: str, name: str, *, patient: bool = False) -> str | None:
        """Return the UUID, None when unknown; raise StoreError when that cannot be found out.

        `patient`: no user waits for it, so a Redis that is only busy may take its time.
        """

    def claim(self, kind: str, name: str, uuid: str) -> str:
        """Record `uuid` unless another process was first; return the one that holds."""

    def forget(self, kind: str, name: str) -> None:
        """Drop an entry that Zep no longer knows."""


class Outbox(Protocol):
    """What Zep could not take yet; see `guard/outbox.py`.  Every method may raise StoreError."""

    filled: bool
    """Whether something waits, as far as this process knows: read by every write, so no more than that."""

    def put(self, thread_id: str, payloads: Sequence[str]) -> bool:
        """Keep all, in this order, or none; False when there is no room."""

    def waits(self, thread_id: str) -> bool:
        """Tell whether something of the thread waits."""

    def look(self) -> Depth:
        """Return how much waits."""

    def take(self, token: str) -> Taken | None:
        """Lease the first entry of some thread; None when there is nothing to take."""

    def done(self, taken: Taken) -> bool:
        """Remove what Zep has; this and the next two are False, and change nothing, for a lapsed lease."""

    def back(self, taken: Taken, *, counts: bool) -> bool:
        """Leave it for the next one; whether this try counts."""

    def aside(self, taken: Taken, reason: str) -> bool:
        """Set poison aside."""

    def poison(self) -> list[Poison]:
        """Return what was set aside, oldest first."""

    def retry(self, name: str) -> int:
        """Put an entry by its id, or `all`, back at the end; return how many."""

    def follow(self) -> AbstractContextManager[Callable[[float], None]]:
        """Keep `filled` fresh: what is entered waits so many seconds for news."""

    def close(self) -> None:
        """Give up connections."""
