"""What everybody forwards to: one constant answer, or a bulk body, as fast as asyncio can.

`python upstream.py` prints its port and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop

HEAD_END = b"\r\n\r\n"
REQUEST = (
    b"GET /api/v2/threads/thread-1/context HTTP/1.1\r\n"
    b"Host: api.getzep.com\r\n"
    b"Authorization: Api-Key bench\r\n"
    b"Accept: application/json\r\n"
    b"User-Agent: bench\r\n\r\n"
)
BULK_REQUEST = b"GET /bulk HTTP/1.1\r\nHost: api.getzep.com\r\n\r\n"
BODY = json.dumps({"context": "The user likes short answers. " * 20}).encode()
"""About what Zep says: 600 bytes."""
BULK_CHUNK = bytes(2**18)


def head(length: int) -> bytes:
    """Return the head of an answer with a body of `length` bytes."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length


ANSWER = head(len(BODY)) + BODY


class Upstream(asyncio.Protocol):
    """One connection; does not parse more than it must."""

    def __init__(self, bulk_chunks: int) -> None:
        self._bulk_chunks = bulk_chunks
        self._owed_chunks = 0
        self._held = b""
        self._writable = True
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP server hands us a Transport
        self._transport.set_write_buffer_limits(high=4 * len(BULK_CHUNK))

    def data_received(self, data: bytes) -> None:
        whole, end, self._held = (self._held + data).rpartition(HEAD_END)
        if whole.startswith(b"GET /bulk "):
            self._transport.write(head(self._bulk_chunks * len(BULK_CHUNK)))
            self._owed_chunks = self._bulk_chunks
            self._pour()
        elif end:
            self._transport.write(ANSWER * (whole.count(HEAD_END) + 1))

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._pour()

    def _pour(self) -> None:
        while self._owed_chunks and self._writable:
            self._owed_chunks -= 1
            self._transport.write(BULK_CHUNK)


async def serve(bulk_chunks: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(bulk_chunks), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
