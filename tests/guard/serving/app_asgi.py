"""For uvicorn: the asynchronous guard, made when the worker's event loop runs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import served

from guard import AsyncMemoryGuard, build_async
from guard.testing import AsyncScriptedMemory

guards: list[AsyncMemoryGuard] = []


class Backend(AsyncScriptedMemory):
    """The served backend, awaited."""


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    thread_id = scope["path"].strip("/")
    if thread_id:
        await guards[0].fetch_context(thread_id)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(served.shown(guards[0])).encode()})


async def _lifespan(receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    await receive()
    guards.append(build_async(served.SETTINGS, memory=Backend(served.Backend())))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await guards[0].aclose()
    await send({"type": "lifespan.shutdown.complete"})
