"""One telling of each conversation with Zep, for the blocking SDK and for the awaiting one.

A flow is a generator that yields what it needs to know and is sent the answer, or thrown a MemoryFailure.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from guard.errors import Kind, MemoryFailure, StoreError
from guard.ports import Directory, Message, Reading
from guard.zep.failures import classify

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Call the SDK: what `call` returns for a client is the answer, or is awaited for it."""

    call: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask our own directory, which may be in Redis."""

    call: Callable[[], Any]


Flow = Generator[Ask | LookUp, Any, T]


class Dialect(Protocol):
    """What one major version of the SDK and its API need said."""

    API_PATH: str
    CLOUD_URL: str
    idempotent: bool

    def __init__(self, directory: Directory) -> None:
        """Keep names in `directory`, if this version needs any."""

    @staticmethod
    def client(*, base_url: str, api_key: str, http: Any, asynchronous: bool) -> Any:
        """Return the SDK's client, its own retries off."""

    def read(self, thread_id: str) -> Flow[Reading]:
        """Ask for a thread's context."""

    def write(
        self, thread_id: str, messages: list[Message], user_id: str, key: str, *, return_context: bool
    ) -> Flow[str | None]:
        """Store messages; create user and thread when missing; return the new context if asked for."""

    def probe(self, thread_id: str, options: Any) -> Flow[None]:
        """Repeat the read that failed, or any that needs the key."""


def missing(failure: MemoryFailure) -> bool:
    """Tell whether Zep said that it does not know what was named."""
    return failure.kind is Kind.CLIENT and failure.status_code == 404  # noqa: PLR2004 - Not Found


def failure_for(error: Exception) -> MemoryFailure:
    """Return what an SDK, httpx or our directory raised as a failure."""
    if isinstance(error, MemoryFailure):
        return error
    return MemoryFailure(Kind.LOCAL) if isinstance(error, StoreError) else classify(error)
