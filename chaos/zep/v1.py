"""The routes of the last self-hosted server, 0.27.2, that a chat app uses; errors are plain text.

Read from the server's source, and held to its own client, zep-python 1.5, by tests/chaos/test_zep_v1.py.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from chaos.web import Request, Response, json_response
from chaos.zep.reading import fields, messages_of, number
from chaos.zep.routes import Route, Stored, route
from chaos.zep.store import RECENT, Store, ZepError

PREFIX = "/api/v1/"
HEALTH = "/healthz"
VERSION = "0.27.2-double"
BAD_REQUEST, CONFLICT, NOT_FOUND = 400, 409, 404
NOBODY = "nobody"
"""Who owns the sessions that were made by their first messages."""
OK = Response(200, b"OK", {"Content-Type": "text/plain; charset=utf-8"})


class V1:
    """Answers the self-hosted server's requests from a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.routes: list[Route] = [
            route("POST user", self._add_user),
            route("GET user/([^/]+)", self._get_user),
            route("GET sessions", self._list_sessions),
            route("POST sessions", self._add_session),
            route("GET sessions/([^/]+)", self._get_session),
            route("GET sessions/([^/]+)/memory", self._get_memory),
            route("POST sessions/([^/]+)/memory", self._add_memory),
            route("DELETE sessions/([^/]+)/memory", self._delete_memory),
        ]

    def _add_user(self, request: Request, _stored: Stored) -> Response:
        return json_response(_once(lambda: self._store.create_user(fields(request))), 201)

    def _get_user(self, _request: Request, _stored: Stored, name: str) -> Response:
        return json_response(self._store.user_by_id(unquote(name)))

    def _list_sessions(self, request: Request, _stored: Stored) -> Response:
        limit = number(request, "limit", 0)
        sessions = [_session(about) for about in self._store.threads()]
        return json_response(sessions[:limit] if limit else sessions)

    def _add_session(self, request: Request, _stored: Stored) -> Response:
        about = fields(request)
        user_id, session_id = str(about.get("user_id") or ""), str(about.get("session_id") or "")
        if not session_id:
            raise ZepError(BAD_REQUEST, "sessionID cannot be empty")
        return json_response(_session(_once(lambda: self._made(session_id, user_id))), 201)

    def _get_session(self, _request: Request, _stored: Stored, name: str) -> Response:
        return json_response(_session(self._store.thread(self._uuid(name)).about))

    def _get_memory(self, request: Request, _stored: Stored, name: str) -> Response:
        """A session that nobody wrote to is answered as an unknown one is."""
        last = number(request, "lastn", RECENT)
        messages = self._store.thread(self._uuid(name)).messages[-last:]
        if not messages:
            raise ZepError(NOT_FOUND, "not found")
        return json_response({"messages": messages, "metadata": None})

    def _add_memory(self, request: Request, stored: Stored, name: str) -> Response:
        body = fields(request)
        try:
            uuid = self._uuid(name)
        except ZepError:
            uuid = self._made(unquote(name), "")["uuid"]
        stored.extend(self._store.add_messages(uuid, messages_of(body)))
        return OK

    def _delete_memory(self, _request: Request, _stored: Stored, name: str) -> Response:
        self._store.delete_thread(self._uuid(name))
        return OK

    def _made(self, session_id: str, user_id: str) -> dict[str, Any]:
        """Make a session; one without a user belongs to nobody."""
        try:
            user = self._store.user_by_id(user_id or NOBODY)
        except ZepError:
            if user_id:
                raise
            user = self._store.create_user({"user_id": NOBODY})
        return self._store.create_thread(user["uuid"], session_id)

    def _uuid(self, name: str) -> str:
        return self._store.thread_uuid(unquote(name))


def healthy() -> Response:
    """Return what its own client looks for first: it needs no token, and tells nothing about the storage."""
    return Response(200, b".", {"Content-Type": "text/plain", "X-Zep-Version": VERSION})


def _once(make: Any) -> dict[str, Any]:
    """What exists already is a wrong request."""
    try:
        made: dict[str, Any] = make()
    except ZepError as error:
        raise (ZepError(BAD_REQUEST, str(error)) if error.status == CONFLICT else error) from None
    return made


def _session(about: dict[str, Any]) -> dict[str, Any]:
    return {**about, "session_id": about.get("thread_id", about["uuid"])}
