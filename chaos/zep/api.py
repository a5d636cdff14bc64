"""The double's front door: the key, the dialects, the ledger."""

from __future__ import annotations

import hmac
from typing import NamedTuple

from chaos.web import Request, Response, json_response
from chaos.zep import v1, v3, v4
from chaos.zep.errors import error_response
from chaos.zep.ledger import Ledger
from chaos.zep.past import Past
from chaos.zep.routes import Route, Stored
from chaos.zep.store import Store, ZepError

RATE_LIMIT = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999", "X-RateLimit-Reset": "0"}


class _Dialect(NamedTuple):
    prefix: str
    scheme: str
    routes: list[Route]
    headers: dict[str, str]


class Api:
    """Handles one request; the double's own pages under /_double/ need no key.

    While it is rejecting, no key is accepted: ours was rotated away.
    """

    def __init__(self, ledger: Ledger, past: Past, api_key: str) -> None:
        self._store = store = Store(past.new_uuid, past.timestamp)
        self._past = past
        self._ledger = ledger
        self._api_key = api_key
        self._v4 = _Dialect(v4.PREFIX, "Api-Key", v4.V4(store).routes, RATE_LIMIT)
        self._others = [
            _Dialect(v3.PREFIX, "Api-Key", v3.V3(store).routes, RATE_LIMIT),
            _Dialect(v1.PREFIX, "Bearer", v1.V1(store).routes, {}),
        ]
        self._rejecting = False
        past.repeat(lambda request: self._dispatch(self._dialect(request), request, []))

    def __call__(self, request: Request) -> Response:
        """Answer, and write the request into the ledger."""
        if request.path.startswith("/_double/"):
            return self._double(request)
        if request.path == v1.HEALTH:
            return v1.healthy()
        dialect = self._dialect(request)
        stored: Stored = []
        self._past.begin()
        try:
            self._check_key(dialect, request)
            response = self._dispatch(dialect, request, stored)
            self._past.keep(request)
        except ZepError as error:
            response = error_response(request.path, error.status, str(error))
        self._ledger.note(request.method, request.path, response.status, stored or None)
        return Response(response.status, response.body, {**response.headers, **dialect.headers})

    def _dialect(self, request: Request) -> _Dialect:
        return next((other for other in self._others if request.path.startswith(other.prefix)), self._v4)

    def _check_key(self, dialect: _Dialect, request: Request) -> None:
        sent = request.headers.get("authorization", "").encode("latin1")
        if self._rejecting or not hmac.compare_digest(sent, f"{dialect.scheme} {self._api_key}".encode()):
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
                return error_response(request.path, error.status, str(error))
        if request.path == "/_double/rejecting" and request.method in ("GET", "PUT", "DELETE"):
            if request.method != "GET":
                self._rejecting = request.method == "PUT"
            return json_response({"rejecting": self._rejecting})
        return error_response(request.path, 404)
