"""A second application to drill: aiohttp, two forked workers, a breaker of its own, and nothing of ours.

`python chat.py` takes all it needs from NAIVE_* in its environment, prints one JSON line when it listens, and
serves `POST /talk`, `GET /who` (the marker) and, on a port for each worker, `GET /metrics`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from typing import Any

import aiohttp
import redis.asyncio
from aiohttp import web
from breaker import Breaker
from force import KEY, REDIS_ENV
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from zep import RefusedError, Zep

WORKERS = 2
MARKER = "naive"

MODE = Gauge("memory_mode_gauge", "Set once, when a worker starts", ["mode"])
ASKED = Counter("memory_zep_context_requests", "Context asked for")
HITS = Counter("memory_zep_context_cache_hits", "There is no cache")
FAILED = Counter("memory_zep_context_failures", "Context that could not be had")
DOWNGRADES = Counter("memory_zep_downgrades", "Each worker counts its own", ["reason"])
READS = Counter("memory_zep_read_requests", "Reads sent")
READ_S = Histogram("memory_zep_read_latency_seconds", "Time of a read")
WRITES = Counter("memory_zep_write_requests", "Writes sent")
STORED = Counter("memory_zep_write_success", "Writes that Zep took")
WRITE_S = Histogram("memory_zep_write_latency_seconds", "Time of a write")


class Chat:
    """One worker."""

    def __init__(self, zep: Zep, forced: redis.asyncio.Redis) -> None:
        self._zep = zep
        self._forced = forced
        self._breaker = Breaker(float(os.environ["NAIVE_HOLD_S"]))
        self._writing: set[asyncio.Task[None]] = set()

    async def talk(self, request: web.Request) -> web.Response:
        """Answer a turn; what was said is stored by a task that nobody waits for."""
        if request.headers.get("Authorization") != f"Bearer {os.environ['NAIVE_TOKEN']}":
            raise web.HTTPUnauthorized
        turn = await request.json()
        memory = await self._remember(turn["thread_id"])
        reply = f"You said: {turn['message']}"
        if memory["mode"] != "off":
            task = asyncio.create_task(self._store(turn["thread_id"], turn["message"], reply))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        answer = web.json_response({"reply": reply, "trace": {"memory": memory, "worker": os.getpid()}})
        answer.force_close()
        return answer

    async def _remember(self, thread: str) -> dict[str, Any]:
        """Ask Redis, then the breaker, then Zep; always in this order, and however long it takes."""
        ASKED.inc()
        forced = json.loads(await self._forced.get(KEY) or "{}")
        reason = forced.get("reason") or self._breaker.reason()
        if reason:
            return _memory(forced.get("mode", "write_only"), "none", reason=reason)
        READS.inc()
        with READ_S.time():
            failure = ""
            try:
                found = await self._zep.context(thread)
            except RefusedError as error:
                failure, opened = f"status_{error.status}", self._breaker.refused(error.status)
            except (aiohttp.ClientError, TimeoutError, ValueError):
                failure, opened = "no_answer", self._breaker.failed()
        if not failure:
            return _memory("read_write", "zep", used=bool(found))
        FAILED.inc()
        if opened:
            DOWNGRADES.labels(self._breaker.reason()).inc()
        return _memory("read_write", "zep", reason=failure)

    async def _store(self, thread: str, said: str, replied: str) -> None:
        WRITES.inc()
        began = time.monotonic()
        try:
            await self._zep.add(thread, said, replied)
            STORED.inc()
        except (RefusedError, aiohttp.ClientError, TimeoutError):
            pass  # it was worth a try
        WRITE_S.observe(time.monotonic() - began)


def _memory(mode: str, source: str, *, used: bool = False, reason: str | None = None) -> dict[str, Any]:
    return {"mode": mode, "used": used, "cached": False, "source": source, "reason": reason}


async def _who(_request: web.Request) -> web.Response:
    return web.Response(text=MARKER)


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _serve(talk: socket.socket, metrics: socket.socket) -> None:
    for mode in ("off", "write_only", "read_write"):
        MODE.labels(mode).set(mode == "read_write")
    headers = {"Authorization": f"Api-Key {os.environ['NAIVE_ZEP_KEY']}"}
    forced = redis.asyncio.Redis.from_url(os.environ[REDIS_ENV])
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:
        chat = Chat(Zep(session, os.environ["NAIVE_ZEP_URL"]), forced)
        await _listen(talk, [web.post("/talk", chat.talk), web.get("/who", _who)])
        await _listen(metrics, [web.get("/metrics", _metrics)])
        await asyncio.Event().wait()


async def _listen(at: socket.socket, routes: list[web.RouteDef]) -> None:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, at).start()


def main() -> None:
    """Listen, fork, and wait until the first worker ends."""
    talk, *metrics = (socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(1 + WORKERS))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for own in metrics:
        if os.fork() == 0:
            asyncio.run(_serve(talk, own))
    addresses = ["{}:{}".format(*at.getsockname()) for at in (talk, *metrics)]
    sys.stdout.write(json.dumps({"ready": MARKER, "listen": addresses[0], "metrics": addresses[1:]}) + "\n")
    sys.stdout.flush()
    os.wait()


if __name__ == "__main__":
    main()
