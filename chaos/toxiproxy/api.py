"""Toxiproxy 2.12's HTTP API: paths, methods, status codes and bodies."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from prometheus_client import CONTENT_TYPE_LATEST

from chaos.toxiproxy import errors
from chaos.toxiproxy.chain import Placed, placed, updated
from chaos.toxiproxy.errors import ApiError
from chaos.toxiproxy.metrics import exposition
from chaos.toxiproxy.strict import nonsense
from chaos.web import Request, Response, bears, error_response, from_browser, json_response

if TYPE_CHECKING:
    from chaos.toxiproxy.collection import Collection

VERSION = "2.12.0+zep-guard"
NO_CONTENT = Response(204)


class Api:
    """Call it with a request; a changed proxy or toxic is in effect when the answer is sent."""

    def __init__(
        self, collection: Collection, *, metrics: bool = False, strict: bool = False, token: str = ""
    ) -> None:
        self._token = token
        self._collection = collection
        self._strict = strict
        self._metrics = metrics

    async def __call__(self, request: Request) -> Response:
        if from_browser(request):
            return _plain("User agent not allowed\n", 403)  # a web page must not reach this API
        if not bears(request, self._token):
            return error_response(401, "missing or wrong bearer token")
        return await asyncio.shield(
            self._answer(request)
        )  # a client that leaves must not leave half a change

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._route(request, [unquote(part) for part in request.path.split("/")[1:]])
        except ApiError as error:
            return error_response(error.status, error.message)

    async def _route(self, request: Request, path: list[str]) -> Response:
        match path:
            case ["version"]:
                return self._only("GET", request) or json_response({"version": VERSION})
            case ["metrics"] if self._metrics:
                text = exposition(self._collection.proxies)
                return Response(200, text, {"Content-Type": CONTENT_TYPE_LATEST})
            case ["reset"]:
                return self._only("POST", request) or await self._reset()
            case ["populate"]:
                return self._only("POST", request) or await self._populate(request)
            case ["proxies"]:
                return await self._proxies(request)
            case ["proxies", name]:
                return await self._proxy(request, name)
            case ["proxies", name, "toxics"]:
                return self._toxics(request, name)
            case ["proxies", name, "toxics", toxic]:
                return self._toxic(request, name, toxic)
        return _plain("404 page not found\n", 404)

    def _only(self, method: str, request: Request) -> Response | None:
        return None if request.method == method else _plain("", 405)

    async def _reset(self) -> Response:
        await self._collection.reset()
        return NO_CONTENT

    async def _populate(self, request: Request) -> Response:
        bodies = _json(request)
        if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
            raise errors.bad_request_body("expected a list of proxies")
        proxies = await self._collection.populate(bodies)
        return json_response({"proxies": [proxy.describe() for proxy in proxies]}, 201)

    async def _proxies(self, request: Request) -> Response:
        if request.method == "GET":
            return json_response({n: proxy.describe() for n, proxy in self._collection.proxies.items()})
        if request.method == "POST":
            return json_response((await self._collection.create(_object(request))).describe(), 201)
        return _plain("", 405)

    async def _proxy(self, request: Request, name: str) -> Response:
        if request.method == "GET":
            return json_response(self._collection.get(name).describe())
        if request.method in ("POST", "PATCH"):
            self._collection.get(name)
            return json_response((await self._collection.update(name, _object(request))).describe())
        if request.method == "DELETE":
            await self._collection.remove(name)
            return NO_CONTENT
        return _plain("", 405)

    def _toxics(self, request: Request, name: str) -> Response:
        proxy = self._collection.get(name)
        if request.method == "GET":
            return json_response(proxy.describe_toxics())
        if request.method == "POST":
            new = self._sound(placed(body := _object(request)), body)
            proxy.add(new)
            return json_response(new.describe())
        return _plain("", 405)

    def _toxic(self, request: Request, name: str, toxic: str) -> Response:
        proxy = self._collection.get(name)
        if request.method == "GET":
            return json_response(proxy.toxic(toxic).describe())
        if request.method in ("POST", "PATCH"):
            old = proxy.toxic(toxic)
            new = self._sound(updated(old, body := _object(request)), body)
            proxy.change(new)
            return json_response(new.describe())
        if request.method == "DELETE":
            proxy.remove(toxic)
            return NO_CONTENT
        return _plain("", 405)

    def _sound(self, toxic: Placed, body: dict[str, Any]) -> Placed:
        if self._strict and (why := nonsense(toxic, body.get("attributes") or {})):
            raise errors.invalid_toxic(why)
        return toxic


def _plain(text: str, status: int) -> Response:
    return Response(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _json(request: Request) -> Any:
    """The body's first JSON value: clients of Toxiproxy may send more, and it never looks."""
    try:
        text = request.body.decode().lstrip()
        return json.JSONDecoder().raw_decode(text)[0] if text else _no_body()
    except ValueError as error:
        raise errors.bad_request_body(str(error)) from error


def _no_body() -> Any:
    raise errors.bad_request_body("EOF")


def _object(request: Request) -> dict[str, Any]:
    body = _json(request)
    if not isinstance(body, dict):
        raise errors.bad_request_body("expected an object")
    return body
