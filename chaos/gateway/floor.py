"""What all connections of one gateway share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from chaos.gateway.log import Log
from chaos.gateway.rules import Rules
from chaos.gateway.upstream import Pool


class Connection(Protocol):
    """A client's connection, as far as the floor cares."""

    def let_go(self, in_place: set[str]) -> None:
        """Let a client go that a fault still holds, unless that fault is in place."""

    def drop(self) -> None:
        """Cut the connection."""


@dataclass
class Floor:
    """The rules, the log, the way upstream, and who is connected."""

    rules: Rules
    log: Log
    pool: Pool
    now: Callable[[], float]
    """Monotonic seconds; not the loop's time, which uvloop reads once per turn."""
    connections: set[Connection] = field(default_factory=set)

    def sweep(self) -> None:
        """Let lapsed faults go, and whoever they still hold."""
        in_place = {rule.name for rule in self.rules.active(self.now())}
        for client in list(self.connections):
            client.let_go(in_place)

    def close(self) -> None:
        """Drop every connection, on both sides."""
        for client in list(self.connections):
            client.drop()
        self.pool.close()
