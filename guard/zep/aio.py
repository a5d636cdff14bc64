"""Zep as a `ports.AsyncMemory`: see `ZepMemory`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import httpx

from guard.ports import Directory, Message, Reading
from guard.zep.flow import Ask, Flow, LookUp, failure_for
from guard.zep.memory import CONNECTIONS, ZepMemory, address, dialect, usable

T = TypeVar("T")


class AsyncZepMemory:
    """Implements `ports.AsyncMemory`; deadlines are the caller's.  Each loop has its own connections."""

    def __init__(self, base_url: str, api_key: str, directory: Directory) -> None:
        self._dialect = dialect(directory, base_url)
        self._base_url = address(base_url, self._dialect.API_PATH, self._dialect.CLOUD_URL)
        self._api_key = usable(api_key)
        self.idempotent = self._dialect.idempotent
        self._prober = ZepMemory(base_url, api_key, directory)
        self.probe = self._prober.probe
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, Any]]
        self._clients = WeakKeyDictionary()

    async def read(self, thread_id: str, *, timeout_ms: float) -> Reading:  # noqa: ARG002 - see the class
        """Return the thread's context."""
        return await self._told(self._dialect.read(thread_id))

    async def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,  # noqa: ARG002 - see the class
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        """Store messages in order; create user and thread when missing."""
        flow = self._dialect.write(
            thread_id, list(messages), user_id or thread_id, idempotency_key, return_context=return_context
        )
        return await self._told(flow)

    async def aclose(self) -> None:
        """Close this loop's connections."""
        http, _ = self._clients.pop(asyncio.get_running_loop(), (None, None))
        if http:
            await http.aclose()
        self._prober.close()

    async def _told(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    answer = await self._answer(step)
                except Exception as error:  # noqa: BLE001 - every cause becomes one kind; see failures.py
                    step = flow.throw(failure_for(error))
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    async def _answer(self, step: Ask | LookUp) -> Any:
        if isinstance(step, Ask):
            return await step.call(self._zep())
        return await asyncio.get_running_loop().run_in_executor(None, step.call)

    def _zep(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
            transport = httpx.AsyncHTTPTransport(limits=limits, retries=0, trust_env=False)
            http = httpx.AsyncClient(
                transport=transport, timeout=httpx.Timeout(5.0, pool=0.05), trust_env=False
            )
            zep = self._dialect.client(
                base_url=self._base_url, api_key=self._api_key, http=http, asynchronous=True
            )
            self._clients[loop] = (http, zep)
        return self._clients[loop][1]
