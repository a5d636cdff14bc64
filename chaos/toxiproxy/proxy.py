"""A proxy: an address to listen on, an upstream, toxics, and the connections it carries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from chaos.toxiproxy import errors
from chaos.toxiproxy.address import BACKLOG, join_address, listening_socket
from chaos.toxiproxy.chain import STREAMS
from chaos.toxiproxy.metrics import Meter
from chaos.toxiproxy.relay import Connection

if TYPE_CHECKING:
    from random import Random

    from chaos.toxiproxy.chain import Placed


class Proxy:
    """Not listening until `start`; `listen` holds the real port from then on, also while stopped."""

    def __init__(self, name: str, listen: str, upstream: str, dice: Random) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.toxics: dict[str, Placed] = {}
        self.meters = {stream: Meter() for stream in STREAMS}
        self._dice = dice
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    @property
    def enabled(self) -> bool:
        return self._server is not None

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": self.describe_toxics(),
        }

    def describe_toxics(self) -> list[dict[str, Any]]:
        """Upstream toxics first, each stream in the order they were added."""
        return [t.describe() for stream in STREAMS for t in self.toxics.values() if t.stream == stream]

    # listening

    async def start(self) -> None:
        """Listen; raises `errors.ApiError` (500) when the address cannot be had."""
        if self._server:
            return
        listener = listening_socket(self.listen)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: self._accept().client, sock=listener, backlog=BACKLOG
        )
        self.listen = join_address(*listener.getsockname()[:2])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if not self._server:
            return
        self._server.close()
        self._server = None
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)  # sockets close at the next turn of the loop; then the port is free

    async def update(self, *, listen: str, upstream: str, enabled: bool) -> None:
        if (listen, upstream) != (self.listen, self.upstream):
            await self.stop()
            self.listen, self.upstream = listen, upstream
        await (self.start() if enabled else self.stop())

    def _accept(self) -> Connection:
        connection = Connection(self.upstream, self._dice, self._connections.discard, self.meters)
        self._connections.add(connection)
        for placed in self.toxics.values():
            connection.link(placed.stream).add(placed)
        return connection

    # toxics, live on every open connection

    def toxic(self, name: str) -> Placed:
        if name not in self.toxics:
            raise errors.toxic_not_found()
        return self.toxics[name]

    def add(self, placed: Placed) -> None:
        if placed.name in self.toxics:
            raise errors.toxic_exists()
        self.toxics[placed.name] = placed
        for connection in list(self._connections):
            connection.link(placed.stream).add(placed)

    def change(self, placed: Placed) -> None:
        self.toxics[placed.name] = placed
        for connection in list(self._connections):
            connection.link(placed.stream).update(placed)

    def remove(self, name: str) -> None:
        placed = self.toxic(name)
        del self.toxics[name]
        for connection in list(self._connections):
            connection.link(placed.stream).remove(name)

    def clear(self) -> None:
        for name in list(self.toxics):
            self.remove(name)
