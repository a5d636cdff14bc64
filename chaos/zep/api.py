"""The v4 routes that a chat app uses, as zep-cloud 4.x calls them."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from chaos.web import Request, Response, json_response
from chaos.zep.errors import error_body
from chaos.zep.ledger import Ledger
from chaos.zep.store import Store, ZepError

RATE_LIMIT = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999", "X-RateLimit-Reset": "0"}
PREFIX = "/api/v4/"


class Api:
    """Handles one request; the double's own pages under /_double/ need no key."""

    def __init__(self, store: Store, ledger: Ledger, api_key: str) -> None:
        self._store = store
        self._ledger = ledger
        self._authorization = f"Api-Key {api_key}".encode()
        self._routes: list[tuple[re.Pattern[str], Callable[..., Response]]] = [
            (re.compile(r"GET project"), self._project),
            (re.compile(r"POST users"), self._create_user),
            (re.compile(r"POST users/lookup"), self._lookup_user),
            (re.compile(r"GET users/([^/]+)"), self._get_user),
            (re.compile(r"POST threads"), self._create_thread),
            (re.compile(r"POST threads/lookup"), self._lookup_thread),
            (re.compile(r"GET threads/([^/]+)"), self._get_thread),
            (re.compile(r"DELETE threads/([^/]+)"), self._delete_thread),
            (re.compile(r"POST threads/([^/]+)/messages"), self._add_messages),
            (re.compile(r"GET threads/([^/]+)/messages"), self._list_messages),
            (re.compile(r"GET threads/([^/]+)/context"), self._context),
        ]

    def __call__(self, request: Request) -> Response:
        """Answer, and write the request into the ledger."""
        if request.path.startswith("/_double/"):
            return self._double(request)
        stored: list[dict[str, Any]] = []
        try:
            response = self._serve(request, stored)
        except ZepError as error:
            response = json_response(error_body(error.status, str(error)), error.status)
        self._ledger.note(request.method, request.path, response.status, stored or None)
        return Response(response.status, response.body, {**response.headers, **RATE_LIMIT})

    def _serve(self, request: Request, stored: list[dict[str, Any]]) -> Response:
        sent = request.headers.get("authorization", "").encode("latin1")
        if not hmac.compare_digest(sent, self._authorization):
            raise ZepError(401, "unauthorized")
        call = f"{request.method} {request.path.removeprefix(PREFIX)}"
        for pattern, action in self._routes:
            match = pattern.fullmatch(call)
            if match and request.path.startswith(PREFIX):
                return action(request, stored, *match.groups())
        return Response(404, b"404 page not found\n", {"Content-Type": "text/plain"})

    def _once(self, request: Request, action: Callable[[], Any]) -> Any:
        key = request.headers.get("idempotency-key", "")
        return self._store.once(key and f"{request.method} {request.path} {key}", action)

    def _project(self, _request: Request, _stored: list[dict[str, Any]]) -> Response:
        return json_response({"uuid": "00000000-0000-0000-0000-00000000d0b1", "name": "double"})

    def _create_user(self, request: Request, _stored: list[dict[str, Any]]) -> Response:
        fields = _object(request)
        return json_response(self._once(request, lambda: self._store.create_user(fields)), 201)

    def _lookup_user(self, request: Request, _stored: list[dict[str, Any]]) -> Response:
        return json_response(self._store.user_by_id(str(_object(request).get("user_id"))))

    def _get_user(self, _request: Request, _stored: list[dict[str, Any]], uuid: str) -> Response:
        return json_response(self._store.user(uuid))

    def _create_thread(self, request: Request, _stored: list[dict[str, Any]]) -> Response:
        user_uuid = str(_object(request).get("user_uuid"))
        return json_response(self._once(request, lambda: self._store.create_thread(user_uuid)), 201)

    def _lookup_thread(self, request: Request, _stored: list[dict[str, Any]]) -> Response:
        _object(request)
        raise ZepError(
            404, "thread not found"
        )  # v4 makes threads without a developer's id, migrated ones apart

    def _get_thread(self, _request: Request, _stored: list[dict[str, Any]], uuid: str) -> Response:
        return json_response(self._store.thread(uuid).about)

    def _delete_thread(self, _request: Request, _stored: list[dict[str, Any]], uuid: str) -> Response:
        self._store.delete_thread(uuid)
        return json_response({"task": _task()}, 202)

    def _add_messages(self, request: Request, stored: list[dict[str, Any]], uuid: str) -> Response:
        body = _object(request)

        def add() -> list[dict[str, Any]]:
            stored.extend(self._store.add_messages(uuid, _messages(body)))
            return list(stored)

        answer: dict[str, Any] = {"messages": self._once(request, add), "task": _task()}
        if body.get("return_context"):
            answer["context"] = self._store.context(uuid)
        return json_response(answer, 202)

    def _list_messages(self, request: Request, _stored: list[dict[str, Any]], uuid: str) -> Response:
        messages = self._store.thread(uuid).messages
        size, start = _number(request, "page_size", 100) or 1, _number(request, "cursor", 0)
        page = messages[start : start + size]
        following = str(start + size) if start + size < len(messages) else None
        return json_response({"items": page, "next_cursor": following})

    def _context(self, _request: Request, _stored: list[dict[str, Any]], uuid: str) -> Response:
        return json_response({"context": self._store.context(uuid)})

    def _double(self, request: Request) -> Response:
        if request.path == "/_double/ledger":
            return Response(200, self._ledger.text(), {"Content-Type": "application/x-ndjson"})
        if request.path == "/_double/messages":
            try:
                return json_response(self._store.thread(request.query.get("thread", "")).messages)
            except ZepError as error:
                return json_response(error_body(error.status, str(error)), error.status)
        return json_response(error_body(404), 404)


def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise ZepError(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ZepError(400, "the body is not an object")
    return body


def _number(request: Request, name: str, default: int) -> int:
    raw = request.query.get(name) or str(default)
    if not raw.isdecimal():
        raise ZepError(400, f"{name} must be a number")
    return int(raw)


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ZepError(400, "messages must be a list of objects")
    return messages


def _task() -> dict[str, str]:
    return {"uuid": "00000000-0000-0000-0000-000000000001", "status": "succeeded"}
