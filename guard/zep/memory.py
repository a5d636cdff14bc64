"""Zep as a `ports.Memory`: Zep Cloud through the official SDK, 3.x or 4.x, or a self-hosted 0.27."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from guard.errors import SettingsError
from guard.forks import in_child
from guard.ports import Directory, Message, Reading
from guard.zep.flow import Ask, Dialect, Flow, LookUp, failure_for
from guard.zep.transport import client, deadline
from guard.zep.v1 import V1
from guard.zep.v3 import V3
from guard.zep.v4 import V4

T = TypeVar("T")

CONNECTIONS = 20
"""httpx slows down with concurrency (704 req/s at 1, 133 at 50, measured): cap it."""
PROBE: Any = {"additional_headers": {"X-Guard-Probe": "1"}}
FIRST_V4 = 4


def dialect(directory: Directory, base_url: str = "") -> Dialect:
    """Return a self-hosted server's dialect, where the URL is one's, else that of the SDK installed."""
    if urlsplit(base_url).path.rstrip("/").endswith(V1.API_PATH):
        return V1(directory)
    major = int(version("zep-cloud").split(".")[0])
    return V4(directory) if major >= FIRST_V4 else V3(directory)


def address(base_url: str, api_path: str, cloud_url: str) -> str:
    """Return the URL that the SDK wants: a host alone gets its API's path, nothing means Zep Cloud.

    Raises SettingsError for the other API's path: there every thread would seem to be a new one.
    """
    if not base_url:
        return cloud_url
    base_url = base_url.rstrip("/")
    path = urlsplit(base_url).path
    if path.endswith(("/api/v2", "/api/v4")) and not path.endswith(api_path):
        raise SettingsError(f"ZEP_BASE_URL ends in {path}, but the installed zep-cloud speaks {api_path}")
    return base_url if path else base_url + api_path


def usable(api_key: str) -> str:
    """Return the key; raise SettingsError for one that could not even be sent."""
    if not api_key.isascii() or not api_key.strip() or api_key != api_key.strip():
        raise SettingsError("ZEP_API_KEY is missing or unusable: set it to the project's key")
    return api_key


class ZepMemory:
    """Implements `ports.Memory`; `directory` keeps Zep's names for our threads and users (4.x)."""

    def __init__(self, base_url: str, api_key: str, directory: Directory) -> None:
        self._dialect = dialect(directory, base_url)
        self._base_url = address(base_url, self._dialect.API_PATH, self._dialect.CLOUD_URL)
        self._api_key = usable(api_key)
        self.idempotent = self._dialect.idempotent
        self._http: httpx.Client
        self._connect()
        in_child(self._connect)

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        """Return the thread's context within `timeout_ms`."""
        with deadline(timeout_ms / 1000):
            return self._told(self._dialect.read(thread_id))

    def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        """Store messages in order; create user and thread when missing."""
        flow = self._dialect.write(
            thread_id, list(messages), user_id or thread_id, idempotency_key, return_context=return_context
        )
        with deadline(timeout_ms / 1000):
            return self._told(flow)

    def probe(self, thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:
        """Read again what failed last, marked as a probe."""
        with deadline(timeout_ms / 1000, connect_ms / 1000):
            self._told(self._dialect.probe(thread_id, PROBE))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _connect(self) -> None:
        """Also in a forked child: two processes on one connection would read each other's answers."""
        self._http = client(connections=CONNECTIONS)
        self._zep = self._dialect.client(
            base_url=self._base_url, api_key=self._api_key, http=self._http, asynchronous=False
        )

    def _told(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    answer = self._answer(step)
                except Exception as error:  # noqa: BLE001 - every cause becomes one kind; see failures.py
                    step = flow.throw(failure_for(error))
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def _answer(self, step: Ask | LookUp) -> Any:
        return step.call(self._zep) if isinstance(step, Ask) else step.call()
