"""Raw sockets on both sides of a proxy."""

from __future__ import annotations

import contextlib
import select
import socket
import time

WAIT_S = 5.0


class Upstream:
    """A server whose every connection is handed to the test."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(WAIT_S)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(WAIT_S)
        return connection


@contextlib.contextmanager
def connected(proxy):
    host, port = proxy.listen.split(":")
    with socket.create_connection((host, int(port)), timeout=WAIT_S) as connection:
        yield connection


@contextlib.contextmanager
def pair(proxy, upstream):
    with connected(proxy) as here, upstream.accept() as there:
        yield here, there


def seconds(action):
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def silent(connection, wait_s=0.1):
    return not select.select([connection], [], [], wait_s)[0]


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


def is_reset(connection):
    try:
        return connection.recv(1) != b""
    except ConnectionResetError:
        return True
