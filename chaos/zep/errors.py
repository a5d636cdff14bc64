"""Zep's errors, as each of its APIs words them."""

from __future__ import annotations

import json

from chaos.web import Response

NOT_FOUND = 404
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
V1, V3 = "/api/v1/", "/api/v2/"


def error_text(path: str, status: int, message: str = "") -> str:
    """Return the body of an error that answers a request for `path`.

    A self-hosted server has plain words, and no others for what it does not know; Zep Cloud has JSON.
    """
    code = CODES.get(status, "error")
    words = message or code.replace("_", " ")
    if path.startswith(V1):
        return f"{'not found' if status == NOT_FOUND else words}\n"
    if path.startswith(V3):
        return json.dumps({"message": words})
    return json.dumps({"error": {"code": code, "message": words}})


def error_response(path: str, status: int, message: str = "") -> Response:
    """Return the whole of it."""
    media_type = "text/plain; charset=utf-8" if path.startswith(V1) else "application/json"
    return Response(status, error_text(path, status, message).encode(), {"Content-Type": media_type})
