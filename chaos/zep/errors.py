"""Zep's error bodies, as its v4 API sends them."""

from __future__ import annotations

from typing import Any

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    408: "request_timeout",
    409: "conflict",
    422: "unprocessable_entity",
    429: "rate_limited",
    500: "internal_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}


def error_body(status: int, message: str | None = None) -> dict[str, Any]:
    """Return ``{"error": {"code", "message"}}`` for a status."""
    code = _CODES.get(status, "error")
    return {"error": {"code": code, "message": message or code.replace("_", " ")}}
