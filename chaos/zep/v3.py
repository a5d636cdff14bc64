"""The v3 routes that a chat app uses, as zep-cloud 3.x calls them: our own ids, and no idempotency.

Read from zep-cloud 3.30.0.  Its error bodies are ``{"message"}``; what exists already is a 400.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from chaos.web import Request, Response, json_response
from chaos.zep.reading import fields, messages_of, number
from chaos.zep.routes import Route, Stored, route
from chaos.zep.store import Store, ZepError

PREFIX = "/api/v2/"
CONFLICT, BAD_REQUEST = 409, 400


class V3:
    """Answers v3 requests from a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.routes: list[Route] = [
            route("GET projects/info", self._project),
            route("POST users", self._add_user),
            route("GET users/([^/]+)", self._get_user),
            route("POST threads", self._create_thread),
            route("DELETE threads/([^/]+)", self._delete_thread),
            route("GET threads/([^/]+)/messages", self._get_messages),
            route("POST threads/([^/]+)/messages", self._add_messages),
            route("GET threads/([^/]+)/context", self._context),
            route("POST graph/search", self._search),
        ]

    def _project(self, _request: Request, _stored: Stored) -> Response:
        return json_response({"project": {"uuid": "00000000-0000-0000-0000-00000000d0b1", "name": "double"}})

    def _add_user(self, request: Request, _stored: Stored) -> Response:
        about = fields(request)
        try:
            return json_response(self._store.create_user(about), 201)
        except ZepError as error:
            raise _as_v3(error) from None

    def _get_user(self, _request: Request, _stored: Stored, name: str) -> Response:
        return json_response(self._store.user_by_id(unquote(name)))

    def _create_thread(self, request: Request, _stored: Stored) -> Response:
        about = fields(request)
        user = self._store.user_by_id(str(about.get("user_id")))
        try:
            made = self._store.create_thread(user["uuid"], str(about.get("thread_id") or ""))
        except ZepError as error:
            raise _as_v3(error) from None
        return json_response({**made, "user_id": user["user_id"]}, 201)

    def _delete_thread(self, _request: Request, _stored: Stored, name: str) -> Response:
        self._store.delete_thread(self._uuid(name))
        return json_response({"message": "deleted"})

    def _get_messages(self, request: Request, _stored: Stored, name: str) -> Response:
        messages = self._store.thread(self._uuid(name)).messages
        last = number(request, "lastn", 0)
        start, limit = number(request, "cursor", 0), number(request, "limit", len(messages))
        page = messages[-last:] if last else messages[start : start + limit]
        return json_response({"messages": page, "row_count": len(page), "total_count": len(messages)})

    def _add_messages(self, request: Request, stored: Stored, name: str) -> Response:
        body, uuid = fields(request), self._uuid(name)
        stored.extend(self._store.add_messages(uuid, messages_of(body)))
        answer: dict[str, Any] = {"message_uuids": [message["uuid"] for message in stored]}
        if body.get("return_context"):
            answer["context"] = self._store.context(uuid)
        return json_response(answer)

    def _context(self, _request: Request, _stored: Stored, name: str) -> Response:
        return json_response({"context": self._store.context(self._uuid(name))})

    def _search(self, request: Request, _stored: Stored) -> Response:
        self._store.user_by_id(str(fields(request).get("user_id")))
        return json_response({"edges": []})  # the double has no graph

    def _uuid(self, name: str) -> str:
        return self._store.thread_uuid(unquote(name))


def _as_v3(error: ZepError) -> ZepError:
    return ZepError(BAD_REQUEST, str(error)) if error.status == CONFLICT else error
