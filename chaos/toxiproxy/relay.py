"""The relay: a client, an upstream, and a link for each direction with its toxics in between.

A FIN travels in order behind the data and ends one direction only.  A reset travels the same way, and the
far end gets a real RST.  Source of the buffer bound: 1024 chunks of 4 KiB, roughly what Toxiproxy lets a
latency toxic hold.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, cast

from chaos.toxiproxy.address import split_address
from chaos.toxiproxy.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from chaos.toxiproxy.chain import Placed
    from chaos.toxiproxy.metrics import Meter

HELD_BYTES_MAX = 4 * 1024 * 1024
CONNECT_TIMEOUT_S = 30.0
LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Close with a RST instead of a FIN."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT_AT_ALL)
    transport.abort()


class Link:
    """One direction: source -> toxics -> sink, with backpressure from the sink to the source."""

    def __init__(self, connection: Connection, meter: Meter) -> None:
        self.meter = meter
        self.feed: Callable[[bytes], None] = self._write
        self.source: asyncio.Transport | None = None
        self.finished = False
        self._connection = connection
        self._sink: asyncio.Transport | None = None
        self._ended = self._reset = self._sink_full = self._paused = False
        self._backlog: list[bytes] = []  # what came before the upstream was dialled
        self._flows: dict[str, Flow] = {}

    # toxics

    def add(self, placed: Placed) -> None:
        dice = self._connection.dice
        ends = {"close": self._connection.close, "reset": self._connection.reset}
        flow = Flow(die=dice.random(), dice=dice, changed=self._balance, **ends)
        self._flows[placed.name] = flow
        self._relink()
        flow.start(placed.toxic, placed.toxicity)

    def update(self, placed: Placed) -> None:
        self._flows[placed.name].start(placed.toxic, placed.toxicity)

    def remove(self, name: str) -> None:
        flow = self._flows.pop(name)
        self._relink()
        flow.remove()

    def stop(self) -> None:
        for flow in self._flows.values():
            flow.interrupt()

    def _relink(self) -> None:
        target: Callable[[bytes], None] = self._write
        for flow in reversed(self._flows.values()):
            flow.emit = target
            target = flow.feed
        self.feed = target

    # what its two ends tell it

    def open(self, sink: asyncio.Transport) -> None:
        self._sink = sink
        backlog, self._backlog = self._backlog, []
        for data in backlog:
            self._write(data)
        self._balance()

    def end(self, *, reset: bool = False) -> None:
        """The source has no more to say."""
        if not self._ended:
            self._ended, self._reset = True, reset
            self.feed(b"")

    def sink_full(self, full: bool) -> None:
        self._sink_full = full
        self._balance()

    def sink_lost(self) -> None:
        self.finished = True
        self.sink_full(False)

    # moving bytes

    def _write(self, data: bytes) -> None:
        if self.finished:
            return  # the far end is gone; what was still under way has nowhere to go
        if self._sink is None:
            self._backlog.append(data)
            self._balance()
        elif not data:
            self._finish(self._sink)
        elif not self._sink.is_closing():
            self.meter.sent += len(data)
            self._sink.write(data)

    def _finish(self, sink: asyncio.Transport) -> None:
        self.finished = True
        if self._reset:
            reset(sink)
        elif not sink.is_closing():
            sink.write_eof()
        self._connection.settle()

    def _balance(self) -> None:
        held_bytes = sum(flow.held_bytes for flow in self._flows.values()) + sum(map(len, self._backlog))
        full = self._sink_full or held_bytes > HELD_BYTES_MAX
        if full == self._paused or self._ended or self.source is None or self.source.is_closing():
            return
        self._paused = full
        if full:
            self.source.pause_reading()
        else:
            self.source.resume_reading()


class End(asyncio.Protocol):
    """One socket of a connection: `outgoing` carries what it says, `incoming` what it is told."""

    def __init__(self, outgoing: Link, incoming: Link, lost: Callable[[], None]) -> None:
        self.outgoing = outgoing
        self.incoming = incoming
        self.transport: asyncio.Transport | None = None
        self._lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = stream = cast("asyncio.Transport", transport)  # uvloop's is one, but not by class
        self.outgoing.source = stream
        self.incoming.open(stream)

    def data_received(self, data: bytes) -> None:
        self.outgoing.meter.received += len(data)
        self.outgoing.feed(data)

    def eof_received(self) -> bool:
        self.outgoing.end()
        return True  # keep the socket: the other direction goes on

    def pause_writing(self) -> None:
        self.incoming.sink_full(True)

    def resume_writing(self) -> None:
        self.incoming.sink_full(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.incoming.sink_lost()
        self.outgoing.end(reset=exc is not None)
        self.transport = None
        self._lost()


class Client(End):
    """The accepted socket; the upstream is dialled for it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.upstream, connection.downstream, connection.settle)
        self._dial = connection.dial

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._dial()


class Connection:
    """A client and its upstream.

    `over` is called once, when no socket is left.  `dice` decides toxicity and jitter.
    """

    def __init__(
        self,
        address: str,
        dice: Random,
        over: Callable[[Connection], None],
        meters: Mapping[str, Meter],
    ) -> None:
        self.dice = dice
        self.upstream = Link(self, meters["upstream"])
        self.downstream = Link(self, meters["downstream"])
        self.client = Client(self)
        self.server = End(self.downstream, self.upstream, self.settle)
        self._address = address
        self._over = over
        self._aborted = False
        self._dialling: asyncio.Task[None] | None = None

    def link(self, stream: str) -> Link:
        return self.upstream if stream == "upstream" else self.downstream

    def dial(self) -> None:
        if self._aborted:  # its proxy stopped between accept and here
            self.abort()
            return
        self._dialling = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            host, port = split_address(self._address)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(lambda: self.server, host, port)
        except (OSError, ValueError, asyncio.CancelledError):  # a timeout is an OSError
            if self.server.transport:  # cancelled at the last moment: uvloop closed it without telling
                self.server.connection_lost(None)
            self.close()
        self._dialling = None
        self.settle()

    def close(self) -> None:
        """Close both sockets once their buffers are written; whatever toxics hold is lost."""
        for transport in self._transports():
            transport.close()

    def reset(self) -> None:
        """Close both sockets with a RST."""
        for transport in self._transports():
            reset(transport)

    def abort(self) -> None:
        """Close both sockets now."""
        self._aborted = True
        for transport in self._transports():
            transport.abort()

    def settle(self) -> None:
        """Close what both directions are done with, and report when nothing is left."""
        client_gone = self.client.transport is None
        if self.upstream.finished and self.downstream.finished:
            self.close()
        if client_gone and self._dialling:
            if not self.server.transport:
                self._dialling.cancel()
        elif client_gone and self.server.transport is None:
            self.upstream.stop()
            self.downstream.stop()
            self._over(self)

    def _transports(self) -> list[asyncio.Transport]:
        return [end.transport for end in (self.client, self.server) if end.transport]
