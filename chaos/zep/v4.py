"""The v4 routes that a chat app uses, as zep-cloud 4.x calls them: UUIDs, and idempotency keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaos.web import Request, Response, json_response
from chaos.zep.reading import fields, messages_of, number
from chaos.zep.routes import Route, Stored, route
from chaos.zep.store import Store, ZepError

PREFIX = "/api/v4/"


class V4:
    """Answers v4 requests from a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.routes: list[Route] = [
            route("GET project", self._project),
            route("POST users", self._create_user),
            route("POST users/lookup", self._lookup_user),
            route("GET users/([^/]+)", self._get_user),
            route("POST threads", self._create_thread),
            route("POST threads/lookup", self._lookup_thread),
            route("GET threads/([^/]+)", self._get_thread),
            route("DELETE threads/([^/]+)", self._delete_thread),
            route("POST threads/([^/]+)/messages", self._add_messages),
            route("GET threads/([^/]+)/messages", self._list_messages),
            route("GET threads/([^/]+)/context", self._context),
        ]

    def _once(self, request: Request, action: Callable[[], Any]) -> Any:
        key = request.headers.get("idempotency-key", "")
        return self._store.once(key and f"{request.method} {request.path} {key}", action)

    def _project(self, _request: Request, _stored: Stored) -> Response:
        return json_response({"uuid": "00000000-0000-0000-0000-00000000d0b1", "name": "double"})

    def _create_user(self, request: Request, _stored: Stored) -> Response:
        about = fields(request)
        return json_response(self._once(request, lambda: self._store.create_user(about)), 201)

    def _lookup_user(self, request: Request, _stored: Stored) -> Response:
        return json_response(self._store.user_by_id(str(fields(request).get("user_id"))))

    def _get_user(self, _request: Request, _stored: Stored, uuid: str) -> Response:
        return json_response(self._store.user(uuid))

    def _create_thread(self, request: Request, _stored: Stored) -> Response:
        user_uuid = str(fields(request).get("user_uuid"))
        return json_response(self._once(request, lambda: self._store.create_thread(user_uuid)), 201)

    def _lookup_thread(self, request: Request, _stored: Stored) -> Response:
        fields(request)
        raise ZepError(
            404, "thread not found"
        )  # v4 makes threads without a developer's id, migrated ones apart

    def _get_thread(self, _request: Request, _stored: Stored, uuid: str) -> Response:
        return json_response(self._store.thread(uuid).about)

    def _delete_thread(self, _request: Request, _stored: Stored, uuid: str) -> Response:
        self._store.delete_thread(uuid)
        return json_response({"task": _task()}, 202)

    def _add_messages(self, request: Request, stored: Stored, uuid: str) -> Response:
        body = fields(request)

        def add() -> Stored:
            stored.extend(self._store.add_messages(uuid, messages_of(body)))
            return list(stored)

        answer: dict[str, Any] = {"messages": self._once(request, add), "task": _task()}
        if body.get("return_context"):
            answer["context"] = self._store.context(uuid)
        return json_response(answer, 202)

    def _list_messages(self, request: Request, _stored: Stored, uuid: str) -> Response:
        messages = self._store.thread(uuid).messages
        size, start = number(request, "page_size", 100) or 1, number(request, "cursor", 0)
        page = messages[start : start + size]
        following = str(start + size) if start + size < len(messages) else None
        return json_response({"items": page, "next_cursor": following})

    def _context(self, _request: Request, _stored: Stored, uuid: str) -> Response:
        return json_response({"context": self._store.context(uuid)})


def _task() -> dict[str, str]:
    return {"uuid": "00000000-0000-0000-0000-000000000001", "status": "succeeded"}
