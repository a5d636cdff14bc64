"""What can go wrong, by kind.

GuardError
├── SettingsError   a setting is missing or unusable; the message says which and what to do
├── StoreError      the shared store (Redis) does not answer; the guard goes on from local state
├── DrainError      the outbox could not be emptied by command
└── MemoryFailure   a backend call failed; `kind` says what that means for the breaker
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Why a call to the memory backend failed, by what it says about the backend."""

    AUTH = "auth"
    """401 or 403: the key is refused; trips at once."""
    TIMEOUT = "timeout"
    """No answer within the deadline, or 408."""
    LATENCY = "latency"
    """Answers, but too many of them slow; trips at once, where that is asked for."""
    SERVER = "server"
    """5xx, refused, reset or closed connections."""
    BAD_RESPONSE = "bad_response"
    """An answer that is not Zep's: HTML, a wrong shape, a dead route."""
    RATE_LIMITED = "rate_limited"
    """429: Zep is healthy and says no."""
    CLIENT = "client"
    """400, 404, 409, 422: Zep is healthy, the request was wrong."""
    LOCAL = "local"
    """Our own pool was full or the call was cancelled: says nothing about Zep."""
    CONFIG = "config"
    """No usable key: no request was sent."""

    @property
    def counts(self) -> bool:
        """Whether three of these in a row trip the breaker (facts: timeouts, 5xx and garbage do)."""
        return self in (Kind.TIMEOUT, Kind.SERVER, Kind.BAD_RESPONSE)


class GuardError(Exception):
    """Base of everything the guard raises."""


class SettingsError(GuardError, ValueError):
    """A setting is missing or unusable."""


class StoreError(GuardError):
    """The shared store does not answer."""


class DrainError(GuardError):
    """The outbox could not be emptied."""


class MemoryFailure(GuardError):  # noqa: N818 - "failure" is the breaker's word for a counted outcome
    """A call to the memory backend failed; carries no text of the request or the answer."""

    def __init__(
        self, kind: Kind, *, status_code: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{kind} (status {status_code})" if status_code else str(kind))
        self.kind = kind
        self.status_code = status_code
        self.retry_after_s = retry_after_s


def failure_of(error: Exception) -> MemoryFailure:
    """Return any exception of a backend as a failure; what Python has no better name for is its own fault."""
    if isinstance(error, MemoryFailure):
        return error
    if isinstance(error, TimeoutError):
        return MemoryFailure(Kind.TIMEOUT)
    return MemoryFailure(Kind.SERVER if isinstance(error, ConnectionError) else Kind.BAD_RESPONSE)
