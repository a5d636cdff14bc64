"""A raw socket that answers like a broken Zep."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from threading import Event, Thread

Script = Callable[[socket.socket, Event], None]


class RawZep:
    """Runs `script` on every connection once a whole request has arrived; counts the requests."""

    def __init__(self) -> None:
        self.script: Script = answer(200, {"context": "facts"})
        self.requests: list[bytes] = []
        self.over = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.over.is_set():
                connection.close()
                return
            self._threads.append(Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            request = _request(connection)
            if request:
                self.requests.append(request)
                self.script(connection, self.over)

    def close(self) -> None:
        self.over.set()
        host, port = self._listener.getsockname()
        socket.create_connection((host, port)).close()  # wakes accept, which a close alone does not
        for thread in self._threads:
            thread.join()
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return b""
            received += piece
    except OSError:
        return b""
    return received


def answer(status: int, body: object, content_type: str = "application/json", headers: str = "") -> Script:
    text = body if isinstance(body, str) else json.dumps(body)
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n{headers}Connection: close\r\n"
    raw = f"{head}Content-Length: {len(text)}\r\n\r\n{text}".encode()
    return lambda connection, _over: connection.sendall(raw)


def send(raw: bytes) -> Script:
    return lambda connection, _over: connection.sendall(raw)


def hang(_connection: socket.socket, over: Event) -> None:
    over.wait(5)


def reset(connection: socket.socket, _over: Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(raw: bytes, every_s: float = 0.05) -> Script:
    """Send a byte at a time: no single socket operation ever times out."""

    def script(connection: socket.socket, over: Event) -> None:
        try:
            for byte in raw:
                connection.sendall(bytes([byte]))
                if over.wait(every_s):
                    return
        except OSError:
            return

    return script
