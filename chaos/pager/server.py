"""`zep-chaos pager`: ``POST /v2/enqueue`` as PagerDuty answers it, ``GET /log`` for who watches."""

from __future__ import annotations

import asyncio
import json
import os
import time

from chaos import web
from chaos.pager.events import Log, refused

COMMAND = "zep-chaos pager"
TOKEN_ENV = "PAGER_LOG_TOKEN"  # noqa: S105 - the name of the variable


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM; return the exit code."""
    parser = web.Parser(
        prog=COMMAND,
        description="Take events as PagerDuty's Events API v2 does, wake nobody, and show them at /log.",
        epilog=f"example: {COMMAND} --listen 127.0.0.1:8476; ${TOKEN_ENV}, where set, guards /log",
    )
    parser.add_argument("--listen", default="127.0.0.1:8476", metavar="HOST:PORT", help="port 0: a free one")
    try:
        web.run(_serve(*web.split_address(parser.parse_args(argv).listen)))
    except (OSError, ValueError) as error:
        return web.listen_error(COMMAND, error)
    return 0


async def _serve(host: str, port: int) -> None:
    pager = Pager(os.environ.get(TOKEN_ENV, ""))
    server = await web.serve(pager, host, port)
    web.ready("pager", listen=server.address)
    try:
        await asyncio.Event().wait()
    finally:
        await server.close()


class Pager:
    """From request to response."""

    def __init__(self, token: str = "") -> None:
        self._log = Log()
        self._token = token

    def __call__(self, request: web.Request) -> web.Response:
        match request.method, request.path:
            case "POST", "/v2/enqueue":
                return self._enqueue(request)
            case "GET", "/log":
                return self._told(request)
        return web.error_response(404, "this pager has POST /v2/enqueue and GET /log")

    def _enqueue(self, request: web.Request) -> web.Response:
        try:
            event = json.loads(request.body)
        except ValueError:
            event = None
        if wrong := refused(event):
            answer = {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
            return web.json_response(answer, 400)
        key = self._log.take(event, time.monotonic(), to=request.query.get("to", ""))
        return web.json_response(
            {"status": "success", "message": "Event processed", "dedup_key": key}, status=202
        )

    def _told(self, request: web.Request) -> web.Response:
        if not web.bears(request, self._token):
            return web.error_response(401, f"the log needs the bearer token of {TOKEN_ENV}")
        after = request.query.get("after", "0")
        if not after.isdecimal():
            return web.error_response(400, "after is a number of an event")
        log = self._log
        return web.json_response(
            {
                "taken": log.taken,
                "open": log.unresolved(),
                "events": log.since(int(after), time.monotonic()),
            }
        )
