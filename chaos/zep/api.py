"""The double's front door: the key, the dialects, the ledger."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, NamedTuple

from chaos.web import Request, Response, json_response
from chaos.zep import v3, v4
from chaos.zep.errors import v3_body, v4_body
from chaos.zep.ledger import Ledger
from chaos.zep.past import Past
from chaos.zep.routes import Route, Stored
from chaos.zep.store import Store, ZepError

RATE_LIMIT = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999", "X-RateLimit-Reset": "0"}


class _Dialect(NamedTuple):
    prefix: str
    routes: list[Route]
    error_body: Callable[[int, str], dict[str, Any]]


class Api:
    """Handles one request; the double's own pages under /_double/ need no key.

    While it is rejecting, no key is accepted: ours was rotated away.
    """

    def __init__(self, ledger: Ledger, past: Past, api_key: str) -> None:
        self._store = store = Store(past.new_uuid, past.timestamp)
        self._past = past
        self._ledger = ledger
        self._authorization = f"Api-Key {api_key}".encode()
        self._v4 = _Dialect(v4.PREFIX, v4.V4(store).routes, v4_body)
        self._v3 = _Dialect(v3.PREFIX, v3.V3(store).routes, v3_body)
        self._rejecting = False
        past.repeat(lambda request: self._dispatch(self._dialect(request), request, []))

    def __call__(self, request: Request) -> Response:
        """Answer, and write the request into the ledger."""
        if request.path.startswith("/_double/"):
            return self._double(request)
        dialect = self._dialect(request)
        stored: Stored = []
        self._past.begin()
        try:
            self._check_key(request)
            response = self._dispatch(dialect, request, stored)
            self._past.keep(request)
        except ZepError as error:
            response = json_response(dialect.error_body(error.status, str(error)), error.status)
        self._ledger.note(request.method, request.path, response.status, stored or None)
        return Response(response.status, response.body, {**response.headers, **RATE_LIMIT})

    def _dialect(self, request: Request) -> _Dialect:
        return self._v3 if request.path.startswith(v3.PREFIX) else self._v4

    def _check_key(self, request: Request) -> None:
        sent = request.headers.get("authorization", "").encode("latin1")
        if self._rejecting or not hmac.compare_digest(sent, self._authorization):
            raise ZepError(401, "unauthorized")

    def _dispatch(self, dialect: _Dialect, request: Request, stored: Stored) -> Response:
        call = f"{request.method} {request.path.removeprefix(dialect.prefix)}"
        for pattern, action in dialect.routes:
            match = pattern.fullmatch(call)
            if match and request.path.startswith(dialect.prefix):
                return action(request, stored, *match.groups())
        return Response(404, b"404 page not found\n", {"Content-Type": "text/plain"})

    def _double(self, request: Request) -> Response:
        if request.path == "/_double/ledger":
            return Response(200, self._ledger.text(), {"Content-Type": "application/x-ndjson"})
        if request.path == "/_double/messages":
            if "thread" not in request.query:
                return json_response(self._store.messages())
            try:
                return json_response(self._store.thread_by_any_name(request.query["thread"]).messages)
            except ZepError as error:
                return json_response(v4_body(error.status, str(error)), error.status)
        if request.path == "/_double/rejecting" and request.method in ("GET", "PUT", "DELETE"):
            if request.method != "GET":
                self._rejecting = request.method == "PUT"
            return json_response({"rejecting": self._rejecting})
        return json_response(v4_body(404), 404)
