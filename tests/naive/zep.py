"""Zep's v3 API over aiohttp, as far as a chat needs it."""

from __future__ import annotations

import aiohttp

USER = "everybody"
READ_S, WRITE_S = 0.25, 1.5


class RefusedError(Exception):
    """Zep answered, and not with what was asked for."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Zep answers {status}")
        self.status = status


class Zep:
    """What it raises: `RefusedError`, `aiohttp.ClientError`, `TimeoutError`, `ValueError`."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = f"{url}/api/v2"
        self._made: set[str] = set()

    async def context(self, thread: str) -> str | None:
        """Return what Zep remembers of a thread."""
        url = f"{self._url}/threads/{thread}/context"
        timeout = aiohttp.ClientTimeout(total=READ_S)
        async with self._session.get(url, timeout=timeout) as answer:
            if answer.status != 200:
                raise RefusedError(answer.status)
            found: str | None = (await answer.json())["context"]
            return found

    async def add(self, thread: str, said: str, replied: str) -> None:
        """Store a turn, word for word."""
        if thread not in self._made:
            await self._post("users", {"user_id": USER})
            await self._post("threads", {"user_id": USER, "thread_id": thread})
            self._made.add(thread)
        messages = [{"role": "user", "content": said}, {"role": "assistant", "content": replied}]
        status = await self._post(f"threads/{thread}/messages", {"messages": messages})
        if status != 200:
            raise RefusedError(status)

    async def _post(self, path: str, body: dict[str, object]) -> int:
        timeout = aiohttp.ClientTimeout(total=WRITE_S)
        async with self._session.post(f"{self._url}/{path}", json=body, timeout=timeout) as answer:
            return answer.status
