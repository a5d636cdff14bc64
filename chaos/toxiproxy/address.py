"""``host:port`` as text and as a listening socket."""

from __future__ import annotations

import os
import socket

from chaos.toxiproxy import errors

BACKLOG = 1024


def split_address(address: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port``; raises ValueError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the highest port there is
        raise ValueError(f"{address!r} is not host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def join_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening_socket(address: str) -> socket.socket:
    """Bind `address` (no host means every interface); raises `errors.ApiError` (500)."""
    try:
        host, port = split_address(address or ":0")
        if not host:
            both = socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if both else socket.AF_INET
            return socket.create_server(("", port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
        family, _, _, _, bind = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(bind[:2], family=family, backlog=BACKLOG)
    except ValueError as error:
        raise errors.cannot_listen(address, str(error)) from error
    except OSError as error:
        raise errors.cannot_listen(address, reason(error)) from error


def reason(error: OSError) -> str:
    """The operating system's words in the form Toxiproxy's clients know."""
    words = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return f"bind: {words.lower()}"
