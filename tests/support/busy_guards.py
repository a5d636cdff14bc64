"""Guards that something happens to all the time: each metric that the guard knows has a series."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from outboxes import Fleet, said
from prometheus_client import start_http_server

from guard import Kind, Policy
from guard.outbox import CLIENT_TRIES
from guard.shadow import AutoDowngrade
from guard.testing import ScriptedMemory, World


class Busy:
    """Four guards, each with its own trouble, and one with an outbox on a real Redis."""

    def __init__(self, redis_url: str) -> None:
        self._turn = count()
        self.well = World(cached=True)
        self.ill = World(policy=Policy(stale_s=3600))
        self.shadow = World(auto_downgrade=AutoDowngrade.SHADOW)
        self.writing = World(memory=ScriptedMemory(idempotent=False))
        self.fleet = Fleet(redis_url)
        self.ill.guard.fetch_context("known")  # its last good context stands in later
        self._fill_outbox()

    def _fill_outbox(self) -> None:
        guard, zep = self.fleet.guard(limit=4), self.fleet.memory
        zep.away = Kind.SERVER
        zep.refused = {"no"}
        for thread in ("yes", "no", "maybe", "perhaps", "too many"):
            guard.add_messages(thread, said(thread))
        zep.away = None
        self.fleet.clock.advance(60)  # the write breaker's hold
        for _ in range(CLIENT_TRIES):
            guard.drain()
            self.fleet.lapse()

    def happen(self) -> None:
        """Let each of them have a bit of what it has."""
        thread = f"t{next(self._turn)}"
        self.well.guard.add_messages("known", said("I am ann@example.com"))
        self.well.guard.fetch_context("known")
        self.well.guard.fetch_context(thread)
        self._fall_ill(Kind.AUTH)
        self._fall_ill(Kind.RATE_LIMITED, retry_after_s=30)
        self._fall_ill(Kind.TIMEOUT)
        self.shadow.memory.fails(Kind.AUTH)
        self.shadow.guard.fetch_context(thread)
        self.writing.memory.refuses(Kind.TIMEOUT, 3)
        self.writing.guard.add_messages(thread, said("hi"))

    def _fall_ill(self, kind: Kind, **how: float) -> None:
        ill = self.ill
        ill.memory.fails(kind, **how)
        for _ in range(4):  # three suffice, the fourth is kept back
            ill.guard.fetch_context("known")
        ill.memory.says("likes tea")
        ill.advance(300)

    def close(self) -> None:
        self.fleet.close()


@contextmanager
def scraped(busy: Busy) -> Iterator[list[str]]:
    """Serve each guard's metrics as its application would; yields where."""
    worlds = (busy.well, busy.ill, busy.shadow, busy.writing, busy.fleet)
    serving = [start_http_server(0, "127.0.0.1", world.registry) for world in worlds]
    try:
        yield [f"127.0.0.1:{server.server_port}" for server, _ in serving]
    finally:
        for server, thread in serving:
            server.shutdown()
            server.server_close()
            thread.join()
