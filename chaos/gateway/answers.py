"""What a fault says in Zep's place: pure, from a fault to an answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from chaos.faults import Garbage, HttpFault, Status
from chaos.zep.errors import error_text

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body and headers; Content-Length and Connection are added."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def answer_of(fault: HttpFault, path: str) -> Answer | None:
    """Return what `fault` answers to a request for `path`; None when it says nothing."""
    if isinstance(fault, Status):
        return _status(fault, path)
    return GARBAGE[fault.variant] if isinstance(fault, Garbage) else None


def gateway_answer(message: str) -> Answer:
    """Return the 502 for an upstream that is not there, which says that it is not Zep speaking."""
    return Answer(502, json.dumps({"error": {"code": "gateway", "message": f"fault gateway: {message}"}}))


def encode(answer: Answer, *, method: str, keep_alive: bool) -> bytes:
    """Return the bytes that answer a request of `method`."""
    body = b"" if answer.status in BODILESS else answer.body.encode()
    headers = {"Content-Type": _media_type(answer.body), **answer.headers} if body else dict(answer.headers)
    if answer.status not in BODILESS:
        headers["Content-Length"] = str(len(body))
    if not keep_alive:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {answer.status} {phrase(answer.status)}", *(f"{k}: {v}" for k, v in headers.items())]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin1")
    return head if method == "HEAD" else head + body


def phrase(status: int) -> str:
    """Return the reason phrase."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _status(fault: Status, path: str) -> Answer:
    body = error_text(path, fault.code) if fault.body is None else fault.body
    wait = {} if fault.retry_after_s is None else {"Retry-After": str(math.ceil(fault.retry_after_s))}
    return Answer(fault.code, body, wait)


def _media_type(body: str) -> str:
    """Zep's errors are JSON, its dead routes plain text, a broken proxy's pages HTML."""
    text = body.lstrip()
    if text.startswith("<"):
        return "text/html"
    return "application/json" if text.startswith(("{", "[")) else "text/plain"


GARBAGE = {
    "html": Answer(200, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "invalid_json": Answer(200, '{"context": "cut in the mid'),
    "wrong_shape": Answer(200, '["not", "what", "was", "asked"]'),
    "empty": Answer(200, ""),
}
"""What proxies and half-dead servers say with status 200."""
