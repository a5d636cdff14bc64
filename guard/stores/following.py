"""Connections of redis-py that find their node, leave a wrong one, and mind who made their socket."""

# mypy: disable-error-code="no-untyped-call"
# redis-py's connections are untyped.

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import get_native_id
from typing import Any

import redis
from redis.connection import Connection, UnixDomainSocketConnection
from redis.exceptions import MovedError

Node = tuple[str, int]
"""Host and port."""


@dataclass(slots=True)
class Place:
    """Where the node that serves us is."""

    find: Callable[[], Node]
    """Asks; raises redis.ConnectionError when nobody knows."""
    node: Node | None = None
    """Where a patient connection last arrived."""
    addresses: dict[Node, str] = field(default_factory=dict)
    """Numeric, so that the hasty need no name look-up: that has no timeout."""


class OneThread:
    """Before a redis-py connection: a socket of gevent is left by a thread that did not make it.

    It wakes greenlets of its maker's hub only.  Where gevent came after us (gunicorn --preload), our listener
    and prober are native threads, and share pools with the greenlets of requests.
    """

    _sock: Any
    _made_in: int = 0

    def connect(self) -> None:
        """Pools call this before each use."""
        here = get_native_id()
        if self._sock and self._made_in != here and type(self._sock).__module__.startswith("gevent."):
            self.disconnect()  # type: ignore[attr-defined]  # of redis-py's class, behind this one
        super().connect()  # type: ignore[misc]  # same
        self._made_in = here


class FollowingConnection(OneThread, Connection):
    """Goes to the node of its place, and leaves one that no longer is."""

    def __init__(self, *, place: Place, hasty: bool, **options: Any) -> None:
        super().__init__(**options)
        self._place = place
        self._hasty = hasty
        self._node: Node | None = None

    def connect(self) -> None:
        """A connection elsewhere is left too."""
        if self._sock and self._node != self._place.node:
            self.disconnect()
        super().connect()

    def read_response(self, *args: Any, **options: Any) -> Any:
        """Leave a node that is no longer the master; its successor is looked for at the next use."""
        try:
            return super().read_response(*args, **options)
        except redis.ResponseError as error:
            if not _is_elsewhere(error):
                raise
            self.disconnect()
            raise redis.ConnectionError("this node no longer serves us") from error

    def _connect(self) -> socket.socket:
        return self._follow() if self._hasty else self._arrive()

    def _arrive(self) -> socket.socket:
        node = self.host, self.port = self._place.find()
        connected: socket.socket = super()._connect()
        self._place.addresses[node] = connected.getpeername()[0]
        self._node = self._place.node = node
        return connected

    def _follow(self) -> socket.socket:
        node = self._place.node
        if not node:
            raise redis.ConnectionError("no patient connection has arrived yet")
        self.host, self.port = self._place.addresses.get(node, node[0]), node[1]
        try:
            connected: socket.socket = super()._connect()
        finally:
            self.host = node[0]  # the name that TLS checks
        self._node = node
        return connected


class TLSConnection(Connection):
    """Over TLS with a context that exists: redis-py's own reads all certificates (25 ms) to connect."""

    def __init__(self, *, tls: ssl.SSLContext, **options: Any) -> None:
        super().__init__(**options)
        self._tls = tls

    def _connect(self) -> socket.socket:
        return self._tls.wrap_socket(super()._connect(), server_hostname=self.host)


class FollowingTLSConnection(TLSConnection, FollowingConnection):
    """Both: TLSConnection wraps the socket that the next class connects."""


class UnixConnection(OneThread, UnixDomainSocketConnection):
    """Keeps its timeout, which redis-py 5.0.1 forgets."""

    def __init__(self, *, socket_timeout: float, **options: Any) -> None:
        super().__init__(**options)
        self.socket_timeout = socket_timeout


def _is_elsewhere(error: redis.ResponseError) -> bool:
    moved = isinstance(error, MovedError) or str(error).startswith("MOVED ")  # redis-py 5 leaves it as text
    return moved or isinstance(error, redis.ReadOnlyError)
