"""Zep's error bodies, as its two APIs send them."""

from __future__ import annotations

from typing import Any

CODES = {
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


def v4_body(status: int, message: str | None = None) -> dict[str, Any]:
    """Return ``{"error": {"code", "message"}}`` for a status."""
    code = CODES.get(status, "error")
    return {"error": {"code": code, "message": message or code.replace("_", " ")}}


def v3_body(status: int, message: str | None = None) -> dict[str, Any]:
    """Return ``{"message"}``."""
    return {"message": message or CODES.get(status, "error").replace("_", " ")}
