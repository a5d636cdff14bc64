"""How Redis is reached: directly, over TLS or a Unix socket, behind Sentinel, in a Cluster.

All keys of a guard share one hash tag, so one node serves it wherever Redis runs.  Sentinel or the Cluster is
asked for that node whenever a patient connection is made; the rest is plain Redis.  A node that says READONLY
or MOVED is left.  In a Cluster plain messages reach every node, so a subscription outlives a slot that moves.
"""

# mypy: disable-error-code="no-untyped-call"
# redis-py's connections are untyped.

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection, ConnectionPool, parse_url
from redis.crc import key_slot
from redis.retry import Retry

from guard.errors import SettingsError
from guard.stores.following import (
    FollowingConnection,
    FollowingTLSConnection,
    Node,
    Place,
    TLSConnection,
    UnixConnection,
)

HASTY_S = 0.004
"""For what a caller waits for: a call must never stall more than 5 ms because of Redis."""
PATIENT_S = 0.1
"""For the listener, the prober and commands, which no user waits for."""

POOL_ONLY = ("connection_class", "max_connections")
DEFAULT_PORTS = {"": 6379, "cluster": 6379, "sentinel": 26379}
UNUSABLE = (
    "the Redis URL is unusable: give redis://host:port/db, unix:///path, redis+sentinel://h1:p1,h2:p2/service/db"
    " or redis+cluster://h1:p1,h2:p2 (rediss for TLS; options as redis-py's; a password percent-encoded)"
)

FRUGAL: dict[str, Any] = {
    "retry": Retry(NoBackoff(), 0),  # redis-py 8's own would stall a call for about 8 s when Redis is dead
    "retry_on_timeout": False,
    "retry_on_error": [],
    "health_check_interval": 0,
    "protocol": 2,  # 3 begins with HELLO
    "decode_responses": True,
    # No CLIENT SETINFO; a redis-py that knows driver_info warns about the older names.
    **({"driver_info": None} if find_spec("redis.driver_info") else {"lib_name": None, "lib_version": None}),
}
"""Whatever the URL says: nothing is tried twice, and a new connection sends nothing but AUTH and SELECT."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Two clients of one Redis; neither connects before it is used, and a forked child connects anew."""

    hasty: redis.Redis
    """HASTY_S a socket operation; goes where `patient` last arrived and asks nobody for the way."""
    patient: redis.Redis
    """PATIENT_S a socket operation."""

    def close(self) -> None:
        """Close the sockets; a later use opens new ones."""
        leave(self.hasty)
        leave(self.patient)


def leave(client: redis.Redis) -> None:
    """Close the sockets of `client` that nobody uses.

    A prober may still wait for its answer: under it redis-py would raise whatever it stumbles over.
    """
    client.connection_pool.disconnect(inuse_connections=False)


def connect(url: str, prefix: str = "{mem}:") -> Connections:
    """Return clients for `url`; raise SettingsError, which does not repeat it: it may hold a password.

    `prefix` is that of the keys: its hash tag picks the node of a Cluster.  `sentinel_username` and
    `sentinel_password` in the query are for the Sentinels, all else is for Redis; rediss means TLS to both.
    """
    try:
        options = _options(urlsplit(url), prefix)
        return Connections(_client(options, HASTY_S, hasty=True), _client(options, PATIENT_S, hasty=False))
    except (LookupError, ValueError, TypeError, OSError, redis.RedisError):
        # TypeError: an option that redis-py does not know; OSError: a certificate that cannot be read
        raise SettingsError(UNUSABLE) from None


@dataclass(frozen=True, slots=True)
class Guides:
    """The Sentinels, or some nodes of a Cluster: the first that knows tells where the node is."""

    nodes: list[Node]
    connection: Callable[..., Connection]
    question: tuple[str, ...]
    answer: Callable[[Any], Node]
    """Raises LookupError or TypeError when it does not know."""

    def find(self) -> Node:
        """Ask one after the other; raise redis.ConnectionError when nobody knows."""
        for guide in self.nodes:
            with suppress(redis.RedisError, OSError, LookupError, TypeError):  # then the next one is asked
                host, port = self.answer(self._ask(*guide))
                return host or guide[0], port  # no host: a Cluster means "the one you came by"
        raise redis.ConnectionError("no Sentinel or Cluster node tells where Redis is")

    def _ask(self, host: str, port: int) -> Any:
        connection = self.connection(host=host, port=port)
        try:
            connection.connect()
            connection.send_command(*self.question)
            return connection.read_response()
        finally:
            connection.disconnect()


def _client(options: dict[str, Any], timeout_s: float, *, hasty: bool) -> redis.Redis:
    follows = {"hasty": hasty} if "place" in options else {}
    pool = ConnectionPool(**{**options, **_limits(timeout_s), **follows})
    pool.connection_class(**pool.connection_kwargs)  # unconnected: an unusable option shows now, not at use
    return redis.Redis.from_pool(pool)


def _limits(timeout_s: float) -> dict[str, Any]:
    return {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}


def _options(url: SplitResult, prefix: str) -> dict[str, Any]:
    """Return what a pool takes, limits aside."""
    if url.scheme == "unix" and url.path:
        settings = _settings(f"unix://{url.netloc}{url.path}?{url.query}")
        return {**settings, "connection_class": UnixConnection}
    transport, _, kind = url.scheme.partition("+")
    if transport not in ("redis", "rediss"):
        raise ValueError(transport)
    auth, _, hosts = url.netloc.rpartition("@")
    settings = _settings(f"{transport}://{auth}@?{url.query}")
    nodes = [_node(host, DEFAULT_PORTS[kind]) for host in (hosts or "localhost").split(",")]
    match kind, url.path.strip("/").split("/"):
        case "", [db] if len(nodes) == 1:
            place = Place(lambda: nodes[0], nodes[0])
        case "sentinel", [service, *rest] if service:
            (db,) = rest or ("0",)
            place = Place(_sentinels(nodes, settings, unquote(service)).find)
        case "cluster", ["" | "0" as db]:
            place = Place(_cluster(nodes, settings, key_slot(prefix.encode())).find)
        case _:
            raise ValueError(kind)
    settings["connection_class"] = FollowingTLSConnection if transport == "rediss" else FollowingConnection
    return {"db": int(db or 0), **settings, "place": place}


def _settings(url: str) -> dict[str, Any]:
    settings: dict[str, Any] = parse_url(url)
    if url.startswith("rediss"):
        ssl_names = [name for name in settings if name.startswith("ssl_")]
        context = _context(**{name.removeprefix("ssl_"): settings.pop(name) for name in ssl_names})
        settings |= {"tls": context, "connection_class": TLSConnection}
    return settings | FRUGAL


def _context(
    *,
    ca_certs: str | None = None,
    ca_path: str | None = None,
    ca_data: str | None = None,
    cert_reqs: str = "required",
    check_hostname: bool = True,
    certfile: str | None = None,
    keyfile: str | None = None,
    password: str | None = None,
    min_version: int | None = None,
) -> ssl.SSLContext:
    """Read what redis-py's options of these names (after `ssl_`) say; the name is checked by default."""
    context = ssl.create_default_context(cafile=ca_certs, capath=ca_path, cadata=ca_data)
    context.check_hostname = check_hostname and cert_reqs != "none"
    context.verify_mode = ssl.VerifyMode[f"CERT_{cert_reqs.upper()}"]
    if certfile:
        context.load_cert_chain(certfile, keyfile, password)
    if min_version:
        context.minimum_version = ssl.TLSVersion(min_version)
    return context


def _node(text: str, default_port: int) -> Node:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("no host")
    return parts.hostname, parts.port or default_port


def _sentinels(nodes: list[Node], settings: dict[str, Any], service: str) -> Guides:
    own = {name: settings.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    question = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service)
    return Guides(nodes, _dial({**settings, **own, "db": 0}), question, lambda at: (at[0], int(at[1])))


def _cluster(nodes: list[Node], settings: dict[str, Any], slot: int) -> Guides:
    def owner(ranges: Any) -> Node:
        for first, last, (host, port, *_), *_ in ranges:
            if first <= slot <= last:
                return host, port
        raise LookupError("no node serves our slot")

    return Guides(nodes, _dial(settings), ("CLUSTER", "SLOTS"), owner)


def _dial(settings: dict[str, Any]) -> Callable[..., Connection]:
    """Return what makes a connection of its own, without the pool's options."""
    options = {name: value for name, value in settings.items() if name not in POOL_ONLY}
    return partial(settings.get("connection_class", Connection), **{**options, **_limits(PATIENT_S)})
