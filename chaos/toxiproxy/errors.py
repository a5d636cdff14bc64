"""What the API refuses: Toxiproxy 2.12's messages and status codes, as its clients match on them."""

from __future__ import annotations


class ApiError(Exception):
    """`message` and `status` become the body ``{"error": message, "status": status}``."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def bad_request_body(detail: str) -> ApiError:
    return ApiError(f"bad request body: {detail}", 400)


def missing_field(name: str) -> ApiError:
    return ApiError(f"missing required field: {name}", 400)


def invalid_stream() -> ApiError:
    return ApiError("stream was invalid, can be either upstream or downstream", 400)


def invalid_toxic_type() -> ApiError:
    return ApiError("invalid toxic type", 400)


def invalid_toxic(why: str) -> ApiError:
    return ApiError(f"invalid toxic: {why}", 400)


def proxy_not_found() -> ApiError:
    return ApiError("proxy not found", 404)


def toxic_not_found() -> ApiError:
    return ApiError("toxic not found", 404)


def proxy_exists() -> ApiError:
    return ApiError("proxy already exists", 409)


def toxic_exists() -> ApiError:
    return ApiError("toxic already exists", 409)


def cannot_listen(address: str, reason: str) -> ApiError:
    return ApiError(f"listen tcp {address}: {reason}", 500)
