"""How Redis is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from guard.errors import SettingsError

HASTY_S = 0.004
"""What a caller waits for: no call may stall more than 5 ms because of Redis."""
PATIENT_S = 0.1
"""For the listener, the reporter, the prober and operators: longer means that Redis is gone."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Two clients for one Redis: `hasty` for what a caller waits for, `patient` for the rest."""

    hasty: redis.Redis
    patient: redis.Redis

    def close(self) -> None:
        """Close both."""
        self.hasty.close()
        self.patient.close()


def connect(url: str) -> Connections:
    """Return clients for `url`; nothing is sent yet.  Raise SettingsError for an unusable URL."""
    return Connections(_client(url, HASTY_S), _client(url, PATIENT_S))


def _client(url: str, timeout_s: float) -> Any:
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
    except ValueError as error:
        raise SettingsError(
            f"the Redis URL is unusable ({error}): give redis://host:port/db or rediss://..."
        ) from None
