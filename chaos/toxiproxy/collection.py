"""All proxies of one server, by name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from chaos.toxiproxy import errors
from chaos.toxiproxy.chain import boolean, string
from chaos.toxiproxy.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random


class Collection:
    """Changes to the set of listening addresses happen one at a time."""

    def __init__(self, dice: Random) -> None:
        self.proxies: dict[str, Proxy] = {}
        self._dice = dice
        self._lock = asyncio.Lock()

    def get(self, name: str) -> Proxy:
        if name not in self.proxies:
            raise errors.proxy_not_found()
        return self.proxies[name]

    async def create(self, body: Mapping[str, Any]) -> Proxy:
        for field in ("name", "upstream"):
            if not string(body, field, ""):
                raise errors.missing_field(field)
        async with self._lock:
            if body["name"] in self.proxies:
                raise errors.proxy_exists()
            return await self._add(body)

    async def update(self, name: str, body: Mapping[str, Any]) -> Proxy:
        proxy = self.get(name)
        async with self._lock:
            await proxy.update(
                listen=string(body, "listen", proxy.listen),
                upstream=string(body, "upstream", proxy.upstream),
                enabled=boolean(body, "enabled", proxy.enabled),
            )
        return proxy

    async def populate(self, bodies: Sequence[Mapping[str, Any]]) -> list[Proxy]:
        """Create or replace; a proxy that already has this address and upstream is left as it is."""
        for number, body in enumerate(bodies, start=1):
            for field in ("name", "upstream"):
                if not string(body, field, ""):
                    raise errors.missing_field(f"{field} at proxy {number}")
        async with self._lock:
            return [await self._add_or_replace(body) for body in bodies]

    async def remove(self, name: str) -> None:
        async with self._lock:
            await self.get(name).stop()
            del self.proxies[name]

    async def reset(self) -> None:
        """Every proxy listens again and no toxic is left."""
        async with self._lock:
            for proxy in self.proxies.values():
                await proxy.start()
                proxy.clear()

    async def close(self) -> None:
        async with self._lock:
            for proxy in self.proxies.values():
                await proxy.stop()

    async def _add_or_replace(self, body: Mapping[str, Any]) -> Proxy:
        old = self.proxies.get(body["name"])
        if old and (old.listen, old.upstream) == (string(body, "listen", ""), body["upstream"]):
            return old
        if old:
            await old.stop()
        return await self._add(body)

    async def _add(self, body: Mapping[str, Any]) -> Proxy:
        proxy = Proxy(body["name"], string(body, "listen", ""), body["upstream"], self._dice)
        if boolean(body, "enabled", default=True):
            await proxy.start()
        self.proxies[proxy.name] = proxy
        return proxy
