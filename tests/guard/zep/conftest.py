"""The real SDK, whichever major is installed, and a self-hosted server's API: blocking and awaiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from raw_zep import RawZep
from sdk import APIS, HOSTED

from guard.directory import LocalDirectory
from guard.errors import Kind, MemoryFailure
from guard.zep.aio import AsyncZepMemory
from guard.zep.memory import ZepMemory


class Awaited:
    """The awaiting backend, called like the blocking one, within the deadlines that its guard sets."""

    def __init__(self, *args) -> None:
        self._runner = asyncio.Runner()
        self._memory = AsyncZepMemory(*args)
        self.probe = self._memory.probe
        self.idempotent = self._memory.idempotent

    def read(self, thread_id, *, timeout_ms):
        return self._within(timeout_ms, lambda: self._memory.read(thread_id, timeout_ms=timeout_ms))

    def write(self, thread_id, messages, *, timeout_ms, **options):
        options["timeout_ms"] = timeout_ms
        return self._within(timeout_ms, lambda: self._memory.write(thread_id, messages, **options))

    def new_loop(self) -> None:
        """What a forked child must do: a loop belongs to one process."""
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.run(self._memory.aclose())
        self._runner.close()

    def _within(self, timeout_ms, call):
        async def limited():
            async with asyncio.timeout(timeout_ms / 1000):
                return await call()

        try:
            return self._runner.run(limited())
        except TimeoutError:
            raise MemoryFailure(Kind.TIMEOUT) from None


@pytest.fixture
def raw_zep() -> Iterator[RawZep]:
    server = RawZep()
    yield server
    server.close()


@pytest.fixture
def directory() -> LocalDirectory:
    directory = LocalDirectory()
    directory.claim("thread", "t", "0192-uuid")
    return directory


@pytest.fixture(params=APIS)
def api(request) -> str:
    return request.param


@pytest.fixture(params=["blocking", "awaiting"])
def make_memory(request, api, directory) -> Iterator[Callable[..., ZepMemory]]:
    made: list[ZepMemory] = []

    def make(base_url: str, api_key: str = "a-key", path: str | None = None) -> ZepMemory:
        kind = ZepMemory if request.param == "blocking" else Awaited
        where = base_url + (HOSTED.get(api, "") if path is None else path)
        made.append(kind(where, api_key, directory))
        return made[-1]

    yield make
    for memory in made:
        memory.close()


@pytest.fixture
def memory(raw_zep, make_memory) -> ZepMemory:
    return make_memory(raw_zep.url)
