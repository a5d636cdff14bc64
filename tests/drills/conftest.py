"""A hand-made journal of a drill that went well, which tests bend; and an application without any guard."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Self

import aiohttp
import pytest
from aiohttp import web
from backfilled_prometheus import prometheus  # noqa: F401 - a fixture
from journal_lines import metrics, request, status, upstream

from chaos.faults import Status
from drills.scenario import CONTEXT_READ, Outage

HOLD_S = 2.0
STEP_S = 0.02
BEGIN, APPLIED, DOWN, HEALED, PROBED, BACK, END = 0.0, 1.0, 1.04, 2.0, 3.06, 3.1, 4.0
FAULT = "drill-x-auth_401-1"
WORKERS = ("10", "20")

AUTH = Outage(
    name="auth_401",
    title="t",
    why="w",
    reason="auth",
    faults=(Status(code=401, route=CONTEXT_READ, first=1),),
)


@dataclass
class Story:
    """Lines by kind; `lines()` puts them together."""

    drill: Outage = AUTH
    requests: list[dict[str, Any]] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)

    def lines(self) -> list[dict[str, Any]]:
        return [*self.requests, *self.others]

    def drop(self, kind: str, **fields: Any) -> Story:
        kept = [
            line
            for line in self.others
            if line["kind"] != kind or any(line.get(k) != v for k, v in fields.items())
        ]
        assert len(kept) < len(self.others), f"there is no {kind} to drop"
        return replace(self, others=kept)

    def add(self, kind: str, t: float, **fields: Any) -> Story:
        return replace(self, others=[*self.others, {"t": t, "kind": kind, **fields}])

    def change(self, kind: str, match: dict[str, Any], **fields: Any) -> Story:
        bent = [
            {**line, **fields}
            if line["kind"] == kind and all(line.get(k) == v for k, v in match.items())
            else line
            for line in self.others
        ]
        assert bent != self.others, f"there is no {kind} to change"
        return replace(self, others=bent)

    def bend(self, between: tuple[float, float], worker: str | None = None, **fields: Any) -> Story:
        """Change the answers to questions asked in a span, of one worker or of all."""
        bent = [
            {**line, **fields}
            if between[0] <= line["t"] < between[1] and worker in (None, line["worker"])
            else line
            for line in self.requests
        ]
        assert bent != self.requests, "there is no answer to bend"
        return replace(self, requests=bent)


def sound() -> Story:
    requests = []
    others: list[dict[str, Any]] = [
        {"t": BEGIN, "kind": "marker", "ok": True},
        {"t": 0.9, "kind": "steady"},
        metrics(0.95, "before", "read_write", 4, 7),
        {"t": APPLIED - 0.01, "kind": "fault_armed", "name": FAULT, "layer": "l7"},
        {"t": APPLIED, "kind": "fault_applied", "name": FAULT, "layer": "l7"},
        upstream(1.021, "read", 401, FAULT),
        status(1.6, "degraded", "write_only", "auth"),
        metrics(1.7, "degraded", "write_only", 5, 8),
        {"t": HEALED, "kind": "fault_healed", "name": FAULT},
        {"t": HEALED + 0.01, "kind": "heal_verified", "name": FAULT},
        {"t": PROBED, "kind": "probe", "status": 200, "fault": None, "ms": 2.0},
        metrics(3.8, "after", "read_write", 5, 8),
        status(3.9, "after", "read_write", None),
        {"t": END, "kind": "load", "intended": 200, "sent": 200, "slip_ms": 1.0},
    ]
    for n in range(int(END / STEP_S)):
        t, worker = round(n * STEP_S, 3), WORKERS[n % 2]
        down = DOWN - 0.01 <= t < BACK
        requests.append(request(t, worker, "write_only" if down else "read_write"))
        others.append(upstream(t + 0.003, "write", 202))
        if not down and not 1.02 <= t < DOWN:
            others.append(upstream(t + 0.001, "read"))
    requests[51] = request(1.02, "20", "write_only", ms=20.0, source="zep", reason="auth")
    return Story(requests=requests, others=others)


@pytest.fixture
def story() -> Story:
    return sound()


class Chat:
    """An application that keeps the contracts and has no guard; in a thread of its own, over real sockets."""

    marker = "test"
    metrics = 'memory_mode_gauge{mode="read_write"} 1.0\nmemory_zep_downgrades_total{reason="auth"} 2.0\n'

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.tokens: set[str | None] = set()
        self.stalled = False
        self.delay_s = 0.0
        self.status = 200
        self.zep_url = ""
        """Where to read context on every turn; empty: nowhere."""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"{self.base}/api/chat/"

    def _serve(self) -> None:
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self) -> None:
        self._over = asyncio.Event()
        app = web.Application()
        app.router.add_post("/api/chat/", self._answer)
        app.router.add_get("/api/marker/", self._marker)
        app.router.add_get("/api/metrics/", self._metrics)
        app.router.add_get("/api/v4/threads/{thread}/context", self._context)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as self._zep:
            self._ready.set()
            await self._over.wait()
        await runner.cleanup()

    async def _marker(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.marker)

    async def _context(self, _request: web.Request) -> web.Response:
        return web.json_response({})

    async def _metrics(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("Authorization"))
        return web.Response(text=self.metrics)

    async def _answer(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        self.tokens.add(request.headers.get("Authorization"))
        while self.stalled:  # noqa: ASYNC110 - the switch is thrown from another thread
            await asyncio.sleep(0.01)
        await asyncio.sleep(self.delay_s)
        if self.zep_url:
            async with self._zep.get(f"{self.zep_url}/api/v4/threads/1/context") as answer:
                await answer.read()
        memory = {"mode": "read_write", "source": "zep", "used": True, "reason": None, "took_ms": 1}
        return web.json_response({"trace": {"memory": memory, "worker": "7"}}, status=self.status)


@pytest.fixture
def chat():
    with Chat() as chat:
        yield chat


def pytest_terminal_summary(terminalreporter):
    """Print the detector matrix, where it was run: broken guard, its drill, what the drill named."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    rows = [json.loads(value) for r in reports for name, value in r.user_properties if name == "matrix"]
    if rows:
        terminalreporter.write_line(
            "\n| broken guard | what is wrong | drill | caught by |\n|---|---|---|---|"
        )
    for name, what, drill, failed in rows:
        terminalreporter.write_line(f"| {name} | {what} | {drill} | {', '.join(failed) or 'NOT CAUGHT'} |")
