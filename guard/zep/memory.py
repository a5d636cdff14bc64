"""Zep Cloud's v4 thread API as a `ports.Memory`, through the official SDK with its retries off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from zep_cloud.client import Zep
from zep_cloud.core.api_error import ApiError
from zep_cloud.types import AddMessage

from guard.errors import Kind, MemoryFailure, SettingsError
from guard.ports import Directory, Message, Reading
from guard.zep.failures import classify
from guard.zep.transport import client, deadline

CONNECTIONS = 20
"""httpx slows down with concurrency (704 req/s at 1, 133 at 50, measured): cap it."""
PROBE = {"X-Guard-Probe": "1"}


class ZepMemory:
    """Implements `ports.Memory`; `base_url` ends in /api/v4, `directory` maps our ids to Zep's UUIDs."""

    def __init__(self, base_url: str, api_key: str, directory: Directory) -> None:
        if not api_key.isascii() or not api_key.strip() or api_key != api_key.strip():
            raise SettingsError("ZEP_API_KEY is missing or unusable: set it to the project's key")
        self._http = client(connections=CONNECTIONS)
        self._zep = Zep(base_url=base_url, api_key=api_key, httpx_client=self._http, max_retries=0)
        self._directory = directory

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        """Return the thread's context; a thread nobody has written to yet has none, without asking Zep."""
        uuid = self._directory.get("thread", thread_id)
        if uuid is None:
            return Reading(None, asked=False)
        with self._failing(lambda: self._directory.forget("thread", thread_id)), deadline(timeout_ms / 1000):
            return Reading(self._zep.thread.get_context(uuid).context)

    def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
    ) -> None:
        """Store messages in order; create user and thread when missing."""
        with self._failing(lambda: self._directory.forget("thread", thread_id)), deadline(timeout_ms / 1000):
            uuid = self._thread(thread_id, user_id or thread_id)
            self._zep.thread.add_messages(
                uuid,
                messages=[_message(m) for m in messages],
                return_context=False,
                idempotency_key=idempotency_key,
            )

    def probe(self, thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:
        """Read the context of the thread that failed last, else the project: both need key and storage."""
        uuid = self._directory.get("thread", thread_id)
        options: Any = {"additional_headers": PROBE}
        with self._failing(), deadline(timeout_ms / 1000, connect_ms / 1000):
            if uuid:
                self._zep.thread.get_context(uuid, request_options=options)
            else:
                self._zep.project.get(request_options=options)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _thread(self, thread_id: str, user_id: str) -> str:
        known = self._directory.get("thread", thread_id)
        if known:
            return known
        user = self._directory.get("user", user_id) or self._create_user(user_id)
        # The key makes workers that race for a new thread get the same one.
        made = self._zep.thread.create(user_uuid=user, idempotency_key=f"thread:{user}:{thread_id}")
        return self._directory.claim("thread", thread_id, _uuid(made))

    def _create_user(self, user_id: str) -> str:
        try:
            made = self._zep.user.create(user_id=user_id, idempotency_key=f"user:{user_id}")
        except ApiError as error:
            if error.status_code != 409:  # noqa: PLR2004 - Conflict: Zep knows the user, our directory forgot it
                raise
            made = self._zep.user.lookup(user_id=user_id)
        return self._directory.claim("user", user_id, _uuid(made))

    @contextmanager
    def _failing(self, forget: Callable[[], None] = lambda: None) -> Iterator[None]:
        try:
            yield
        except MemoryFailure:
            raise
        except Exception as error:  # noqa: BLE001 - every cause becomes one kind; see zep/failures.py
            failure = classify(error)
            if failure.kind is Kind.CLIENT and failure.status_code == 404:  # noqa: PLR2004 - Not Found
                forget()
            raise failure from None


def _message(message: Message) -> AddMessage:
    return AddMessage(**{key: value for key, value in message.items() if value is not None})  # type: ignore[arg-type]


def _uuid(made: Any) -> str:
    if not made.uuid_:
        raise MemoryFailure(Kind.BAD_RESPONSE)
    return str(made.uuid_)
