"""Faults inside a Redis or Valkey server, by its own commands; all but a flush can be taken back."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.faults import Flushed, Full, Loading, ReadOnly, RedisFault
from chaos.injectors import InjectorError, reachable
from chaos.injectors.waiting import until

NO_MASTER = ("192.0.2.1", "1")
"""TEST-NET-1 of RFC 5737: a replica of nobody keeps its data and waits."""
FULL = {"maxmemory-policy": "noeviction", "maxmemory": "1"}
FILLER = "zep-chaos:filler:"
FILLER_BYTES = 1024
"""The server looks at its clients once for so many bytes loaded, at least; random, or it compresses."""
LOADING_STEP_MS = 10
LOADING_WITHIN_S = 2.0
SETTINGS = {
    Full: tuple(FULL),
    Loading: ("key-load-delay", "loading-process-events-interval-bytes"),
}


class RedisServer:
    """One server at `url`, reached directly: a fault on the way to it must not keep us out.

    Every method raises `InjectorError`, one line without the URL, which may hold a password.
    """

    def __init__(self, url: str, *, timeout_s: float = 2.0) -> None:
        self.url = reachable(url)
        options: dict[str, Any] = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
        try:
            self._redis = redis.Redis.from_url(
                url, decode_responses=True, retry=Retry(NoBackoff(), 0), **options
            )
        except ValueError as error:
            raise InjectorError("this is no address of a Redis: give redis://host:port/0") from error

    def undo(self, fault: RedisFault) -> dict[str, Any]:
        """Return what puts the server right again, read from it before it is touched."""
        with _explained("read"):
            if isinstance(fault, ReadOnly):
                return {"replicaof": self._master()}
            return {"config": {name: self._setting(name) for name in SETTINGS.get(type(fault), ())}}

    def apply(self, fault: RedisFault) -> None:
        """Break it."""
        with _explained(fault.kind):
            match fault:
                case ReadOnly():
                    self._redis.replicaof(*NO_MASTER)
                case Full():
                    self._configure(FULL)
                case Loading():
                    self._load(fault.for_s)
                case Flushed():
                    self._redis.flushdb()
                case _:
                    raise InjectorError(f"{fault.kind} needs a stack with a second Redis")

    def heal(self, undo: Mapping[str, Any]) -> None:
        """Carry out what `undo` returned; twice is fine."""
        with _explained("heal"):
            self._configure(undo.get("config", {}))
            if "replicaof" in undo:
                self._redis.replicaof(*(undo["replicaof"] or ("NO", "ONE")))
            if "key-load-delay" in undo.get("config", {}):
                self._until_loading(False)
                self._drop_filler()

    def in_force(self, fault: RedisFault) -> bool:
        """Ask the server."""
        with _explained("read"):
            match fault:
                case ReadOnly():
                    return self._master() == list(NO_MASTER)
                case Full():
                    return self._setting("maxmemory") == FULL["maxmemory"]
                case Loading():
                    return self._loading()
        return False

    def follow(self, host: str, port: int) -> None:
        """Become a replica."""
        with _explained("follow"):
            self._redis.replicaof(host, port)

    def lead(self) -> None:
        """Become the master."""
        with _explained("lead"):
            self._redis.replicaof("NO", "ONE")

    def in_step(self) -> bool:
        """Tell whether a replica has got what its master has."""
        with _explained("read"):
            return bool(self._redis.info("replication").get("master_link_status") == "up")

    def close(self) -> None:
        self._redis.close()

    def _master(self) -> list[str]:
        info = self._redis.info("replication")
        return [] if info["role"] == "master" else [str(info["master_host"]), str(info["master_port"])]

    def _setting(self, name: str) -> str:
        found = self._redis.config_get(name)
        if name not in found:
            raise InjectorError(f"this Redis has no setting {name}")
        return str(found[name])

    def _configure(self, settings: Mapping[str, str]) -> None:
        for name, value in settings.items():
            self._redis.config_set(name, value)

    def _load(self, for_s: float) -> None:
        """Have the server load its data again, so slowly that it takes as long as asked for."""
        count = max(1, int(for_s * 1000 / LOADING_STEP_MS))
        self._redis.mset({f"{FILLER}{n}": os.urandom(FILLER_BYTES) for n in range(count)})
        self._configure({"loading-process-events-interval-bytes": str(FILLER_BYTES)})
        self._configure({"key-load-delay": str(LOADING_STEP_MS * 1000)})
        threading.Thread(target=self._reload, daemon=True).start()
        self._until_loading(True)

    def _reload(self) -> None:
        try:
            self._redis.execute_command("DEBUG", "RELOAD")  # type: ignore[no-untyped-call]
        except redis.RedisError:
            return  # it answers when it has loaded, later than we wait

    def _loading(self) -> bool:
        return bool(self._redis.info("persistence")["loading"])

    def _until_loading(self, wanted: bool) -> None:
        what = f"Redis {'begins' if wanted else 'ends'} to load"
        until(what, lambda: self._loading() is wanted, LOADING_WITHIN_S)

    def _drop_filler(self) -> None:
        if keys := list(self._redis.scan_iter(f"{FILLER}*", count=1000)):
            self._redis.delete(*keys)


@contextmanager
def _explained(action: str) -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise InjectorError(f"Redis: cannot {action}: {str(error) or type(error).__name__}") from error
