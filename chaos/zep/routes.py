"""What a dialect of the double is made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chaos.web import Response

Stored = list[dict[str, Any]]
"""Messages that a request added: an action appends them, for the ledger."""
Route = tuple[re.Pattern[str], Callable[..., Response]]
"""``METHOD path`` below the dialect's prefix, and what answers (request, stored, *groups)."""


def route(pattern: str, action: Callable[..., Response]) -> Route:
    """Return a route."""
    return re.compile(pattern), action
