"""The last self-hosted server, 0.27.2: sessions under our own ids, a JWT for a key, and no SDK of today.

Read from the server's source: it makes a session with its first messages, keeps no idempotency keys, and
answers errors as plain text, so that a session it does not know and a route it does not have are both a 404
of text/plain and only their words tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from guard.errors import Kind, MemoryFailure
from guard.ports import Directory, Message, Reading
from guard.zep.failures import failure_of
from guard.zep.flow import Ask, Flow, LookUp, missing

NOT_FOUND = 404
UNKNOWN = "not found"
"""The words of the server's own 404; its router says `404 page not found`."""


class V1:
    """Implements `Dialect`; the SDK's client is httpx's own."""

    API_PATH = "/api/v1"
    CLOUD_URL = ""
    idempotent = False

    def __init__(self, directory: Directory) -> None:
        """Remember which sessions have their user."""
        self._directory = directory

    @staticmethod
    def client(*, base_url: str, api_key: str, http: Any, asynchronous: bool) -> Any:  # noqa: ARG004 - http is
        """Return httpx's client, which knows where and with which token."""
        http.base_url = base_url
        http.headers["Authorization"] = f"Bearer {api_key}"
        return http

    def read(self, thread_id: str) -> Flow[Reading]:
        """Ask for a session's memory; one that the server does not know is a new one."""
        try:
            memory = yield from _get(_session(thread_id, "/memory"))
        except MemoryFailure as failure:
            if missing(failure):
                return Reading(None)
            raise
        return Reading(_context(memory))

    def write(
        self,
        thread_id: str,
        messages: list[Message],
        user_id: str,
        key: str,  # noqa: ARG002 - the server has no idempotency keys
        *,
        return_context: bool,  # noqa: ARG002 - nor does it answer a write with one
    ) -> Flow[str | None]:
        """Store messages; a repetition stores them again."""
        path = _session(thread_id, "/memory")
        yield from self._owned(thread_id, user_id)
        yield from _post(path, {"messages": [_message(message) for message in messages]})
        return None

    def probe(self, thread_id: str, options: Any) -> Flow[None]:
        """Read the session that failed last, else the list of sessions: both need token and storage."""
        path = _session(thread_id, "/memory") if thread_id else "/sessions?limit=1"
        try:
            yield from _get(path, options["additional_headers"])
        except MemoryFailure as failure:
            if not missing(failure):
                raise

    def _owned(self, thread_id: str, user_id: str) -> Flow[None]:
        """Give a new session its user: by itself the server would make one that belongs to nobody."""
        with suppress(MemoryFailure):  # Redis is away: ask the server
            if (yield LookUp(lambda: self._directory.get("thread", thread_id))):
                return
        try:
            yield from _get(_session(thread_id))
        except MemoryFailure as failure:
            if not missing(failure):
                raise
            yield from _made("/user", {"user_id": user_id})
            yield from _made("/sessions", {"session_id": thread_id, "user_id": user_id})
        with suppress(MemoryFailure):
            yield LookUp(lambda: self._directory.claim("thread", thread_id, thread_id))


def _made(path: str, body: Mapping[str, str]) -> Flow[None]:
    """Another worker that was faster is told of as a wrong request."""
    try:
        yield from _post(path, body)
    except MemoryFailure as failure:
        if failure.kind is not Kind.CLIENT:
            raise


def _get(path: str, headers: Mapping[str, str] | None = None) -> Flow[Any]:
    response = yield Ask(lambda http: http.get(path, headers=headers))
    _check(response)
    try:
        return response.json()
    except ValueError:
        raise MemoryFailure(Kind.BAD_RESPONSE, status_code=response.status_code) from None


def _post(path: str, body: Mapping[str, Any]) -> Flow[None]:
    _check((yield Ask(lambda http: http.post(path, json=body))))


def _check(response: Any) -> None:
    if response.is_success:
        return
    if response.status_code == NOT_FOUND and response.text.strip() == UNKNOWN:
        raise MemoryFailure(Kind.CLIENT, status_code=NOT_FOUND)
    raise failure_of(response.status_code, response.headers)


def _context(memory: Any) -> str | None:
    """Return the summary, where the server makes one, and the messages of its window."""
    try:
        summary = (memory.get("summary") or {}).get("content") or ""
        said = [f"{message['role']}: {message['content']}" for message in memory.get("messages") or ()]
    except (AttributeError, KeyError, TypeError):
        raise MemoryFailure(Kind.BAD_RESPONSE, status_code=200) from None
    return "\n".join(filter(None, (summary, *said))) or None


def _message(message: Message) -> dict[str, Any]:
    """Return what the server keeps of a message; it has no field for a name."""
    name = {"name": message["name"]} if message.get("name") else {}
    metadata = {**name, **(message.get("metadata") or {})}  # type: ignore[dict-item]  # our port's own shape
    return {"role": message["role"], "content": message["content"], "metadata": metadata}


def _session(thread_id: str, part: str = "") -> str:
    """Return a path that stays what it is, whatever the id."""
    if thread_id in ("", ".", ".."):
        raise MemoryFailure(Kind.CLIENT)
    return f"/sessions/{quote(thread_id, safe='')}{part}"
