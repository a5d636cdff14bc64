"""What an exception of the SDK or of httpx says about Zep.

By status code, never by class: v3 raises one class for everything, v4 a dozen, and the same cause comes as
either (measured with zep-cloud 3.30.0 and 4.0.1).  The texts are dropped: they may quote keys and messages.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from guard.errors import Kind, MemoryFailure

_AUTH = (401, 403)
_CLIENT = (400, 404, 409, 422)
_TIMEOUT = 408
_RATE_LIMITED = 429


def classify(error: Exception) -> MemoryFailure:
    """Return the failure that `error` stands for."""
    if isinstance(error, httpx.TransportError):
        return MemoryFailure(_transport_kind(error))
    status = getattr(error, "status_code", None)
    if status is None:
        return MemoryFailure(_unsent_kind(error))
    return failure_of(status, getattr(error, "headers", None) or {})


def failure_of(status: int, headers: Mapping[str, str]) -> MemoryFailure:
    """Return the failure that an answer with this status is."""
    headers = {k.lower(): v for k, v in headers.items()}
    if status == 404 and "json" not in headers.get("content-type", "json"):  # noqa: PLR2004 - Not Found
        return MemoryFailure(Kind.BAD_RESPONSE, status_code=status)
    return MemoryFailure(_status_kind(status), status_code=status, retry_after_s=_seconds(headers))


def _transport_kind(error: httpx.TransportError) -> Kind:
    if isinstance(error, (httpx.PoolTimeout, httpx.LocalProtocolError)):
        return Kind.LOCAL if isinstance(error, httpx.PoolTimeout) else Kind.CONFIG
    return Kind.TIMEOUT if isinstance(error, httpx.TimeoutException) else Kind.SERVER


def _status_kind(status: int) -> Kind:
    if status in _AUTH:
        return Kind.AUTH
    if status == _TIMEOUT:
        return Kind.TIMEOUT
    if status == _RATE_LIMITED:
        return Kind.RATE_LIMITED
    if status >= 500:  # noqa: PLR2004 - 5xx
        return Kind.SERVER
    if status < 400:  # noqa: PLR2004 - an ApiError of a 2xx or 3xx: the body was not what was promised
        return Kind.BAD_RESPONSE
    return Kind.CLIENT


def _unsent_kind(error: Exception) -> Kind:
    """No status: the key was unusable before anything was sent, or the answer had the wrong shape."""
    if type(error).__name__ == "ApiError" or isinstance(error, UnicodeEncodeError):
        return Kind.CONFIG
    return Kind.BAD_RESPONSE


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds; an HTTP date is left to the default hold."""
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None
