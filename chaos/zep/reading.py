"""What a request to the double says, or the 400 for what it does not."""

from __future__ import annotations

import json
from typing import Any

from chaos.web import Request
from chaos.zep.store import ZepError


def fields(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body."""
    try:
        body = json.loads(request.body)
    except ValueError:
        raise ZepError(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ZepError(400, "the body is not an object")
    return body


def number(request: Request, name: str, default: int) -> int:
    """Return a number of the query."""
    raw = request.query.get(name) or str(default)
    if not raw.isdecimal():
        raise ZepError(400, f"{name} must be a number")
    return int(raw)


def messages_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages of a write."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ZepError(400, "messages must be a list of objects")
    return messages
