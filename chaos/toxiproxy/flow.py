"""A toxic at work on one direction of one connection: what `Toxic.pipe` sees, and how it is put in and out.

Nothing here waits for the network: taking a toxic out hands what it held to the next one at once, so a
client that does not read can never block the control API.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from chaos.toxiproxy.toxics import Toxic

logger = logging.getLogger(__name__)


class Chunk(NamedTuple):
    """Bytes as read from the socket, and the loop time they came; no bytes mean the end of the stream."""

    data: bytes
    t_s: float

    @property
    def is_fin(self) -> bool:
        return not self.data


class Flow:
    """The inbox of one toxic.

    `emit` takes what passes on, `close` ends the whole connection and `reset` does so with a RST (set by
    the link), `changed` is told when `held_bytes` moved.  With `die >= toxicity` the connection is spared.
    """

    def __init__(
        self,
        *,
        die: float,
        dice: Random,
        close: Callable[[], None],
        reset: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self.die = die
        self.dice = dice
        self.close = close
        self.reset = reset
        self.passed_bytes = 0
        """What a toxic has let pass since the connection began, whatever became of the toxic meanwhile."""
        self.emit: Callable[[bytes], None] = _nowhere
        self.held_bytes = 0
        self._changed = changed
        self._inbox: deque[Chunk] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._toxic: Toxic | None = None
        self._loop = asyncio.get_running_loop()

    # for the link

    def start(self, toxic: Toxic, toxicity: float) -> None:
        """Put `toxic` to work, or let everything pass when the die spared this connection."""
        self.interrupt()
        if self.die < toxicity:
            self._toxic = toxic
            self._task = self._loop.create_task(self._run(toxic))
        else:
            self.flush()

    def interrupt(self) -> None:
        """Stop the toxic where it is; its inbox stays."""
        if self._task:
            self._task.cancel()
        self._task = self._toxic = None

    def remove(self) -> None:
        """Take the toxic out: what it held goes on in order, or the connection ends if it swallowed data."""
        closes = self._toxic is not None and self._toxic.closes_on_removal
        self.interrupt()
        if closes:
            self.close()
        else:
            self.flush()

    def flush(self) -> None:
        while self._inbox:
            self.pass_on()

    def feed(self, data: bytes) -> None:
        """Take bytes from the link (none = end of stream)."""
        if self._task is None:
            self.emit(data)
            return
        self._inbox.append(Chunk(data, self._loop.time()))
        self._hold(len(data))
        self._wake.set()

    # for the toxic

    async def peek(self) -> Chunk:
        """Wait for the oldest chunk and leave it in the inbox, so that a cancelled toxic loses nothing."""
        while not self._inbox:
            self._wake.clear()
            await self._wake.wait()
        return self._inbox[0]

    async def next_within(self, wait_s: float | None) -> Chunk | None:
        """The oldest chunk, still in the inbox, or None after `wait_s` seconds (None: wait for ever)."""
        try:
            async with asyncio.timeout(wait_s):
                return await self.peek()
        except TimeoutError:
            return None

    async def sleep_until(self, t_s: float) -> None:
        delay_s = t_s - self._loop.time()
        if delay_s > 0:
            await asyncio.sleep(delay_s)

    def now_s(self) -> float:
        """The loop's time, as in `Chunk.t_s`."""
        return self._loop.time()

    async def stall(self) -> None:
        """Wait until the toxic is changed or removed."""
        await self._loop.create_future()

    def pass_on(self) -> None:
        """Send the oldest chunk onwards."""
        data = self._take()
        self.passed_bytes += len(data)
        self.emit(data)

    def pass_part(self, size: int) -> None:
        """Send the first `size` bytes of the oldest chunk onwards; the rest stays the oldest."""
        chunk = self._inbox[0]
        if size >= len(chunk.data):
            self.pass_on()
        elif size > 0:
            self._inbox[0] = chunk._replace(data=chunk.data[size:])
            self._hold(-size)
            self.passed_bytes += size
            self.emit(chunk.data[:size])

    def drop(self) -> None:
        """Forget the oldest chunk."""
        self._take()

    def _take(self) -> bytes:
        data = self._inbox.popleft().data
        self._hold(-len(data))
        return data

    def _hold(self, delta_bytes: int) -> None:
        self.held_bytes += delta_bytes
        self._changed()

    async def _run(self, toxic: Toxic) -> None:
        try:
            await toxic.pipe(self)
        except Exception:
            logger.exception("%s failed; closing its connection", type(toxic).__name__)
            self.close()


def _nowhere(_data: bytes) -> None:
    """Where a flow leads before the link has placed it."""
