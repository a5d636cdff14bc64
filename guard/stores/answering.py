"""What redis-py raises where Redis does not answer, as one error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from guard.errors import StoreError


@contextmanager
def answering() -> Iterator[None]:
    """Raise `StoreError` instead; the URL may hold a password, so it is not repeated."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise StoreError(f"Redis does not answer ({type(error).__name__})") from error
