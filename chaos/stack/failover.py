"""A failover with two real servers: the replica takes over behind the same address, and gives back."""

from __future__ import annotations

import contextlib
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from chaos.injectors import InjectorError
from chaos.injectors.redis import RedisServer as Commands
from chaos.injectors.waiting import until
from chaos.stack.keeper import KeeperError
from chaos.stack.readiness import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.injectors.l4 import L4
    from chaos.stack.machine import LocalMachine
    from chaos.stack.redis_server import RedisServer

REPLICA = "redis-replica"
IN_STEP_WITHIN_S = 5.0


class RedisPair:
    """The stack's Redis, and a second one while it is needed.  Raises `InjectorError`."""

    def __init__(self, main: RedisServer, l4: L4, proxy: str, machine: LocalMachine) -> None:
        self._main, self._l4, self._proxy, self._machine = main, l4, proxy, machine
        self._spare: RedisServer | None = None

    def fail_over(self) -> None:
        """Kill the main server; what the replica has got until then is what is left."""
        self._spare = spare = replace(self._main, name=REPLICA)
        try:
            spare.launch()
            spare.wait()
        except (KeeperError, StackError) as error:
            raise InjectorError(str(error)) from error
        with _commands(spare) as replica:
            replica.follow("127.0.0.1", self._main.port)
            until("the replica is in step", replica.in_step, IN_STEP_WITHIN_S)
            self._kill_main()
            replica.lead()
        self._l4.redirect(self._proxy, f"127.0.0.1:{spare.port}")

    def fail_back(self) -> None:
        """Start the main server again, have it catch up, and give it its place."""
        if self._spare is None:
            return
        self._machine.start(self._main.name)
        with _commands(self._main) as main:
            main.follow("127.0.0.1", self._spare.port)
            until("the old server has caught up", main.in_step, IN_STEP_WITHIN_S)
            self._l4.redirect(self._proxy, f"127.0.0.1:{self._main.port}")  # until it leads it refuses writes
            main.lead()
        self._main.keeper.stop(REPLICA)
        self._spare = None

    @property
    def failed_over(self) -> bool:
        return self._spare is not None

    def _kill_main(self) -> None:
        self._main.keeper.signal(self._main.name, signal.SIGKILL)
        until("the main server is dead", lambda: not self._machine.whole(self._main.name), IN_STEP_WITHIN_S)


@contextlib.contextmanager
def _commands(server: RedisServer) -> Iterator[Commands]:
    with contextlib.closing(Commands(f"redis://127.0.0.1:{server.port}/0")) as commands:
        yield commands
