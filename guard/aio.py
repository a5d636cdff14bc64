"""The guard's voice for asyncio: the same core, awaited.

What may take milliseconds (a word with Redis) runs in the guard's own two threads, never in the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing, suppress
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakKeyDictionary

from guard.context import Answer, Context, with_recent
from guard.core import Core
from guard.errors import Kind, MemoryFailure
from guard.events import assistant_turn
from guard.forks import in_child
from guard.machine import State
from guard.modes import Mode
from guard.outbox import Drained
from guard.parts import Parts
from guard.ports import AsyncMemory, Message
from guard.writing import Aside, Pause, Send
from guard.written import Written

T = TypeVar("T")
THREADS = 2
"""Redis answers in 0.1 ms; the context cache and the names of writes live there."""


class AsyncMemoryGuard:
    """Reads and writes memory, or says at once why not.  Never raises for what the backend does.

    A caller that is cancelled cancels nothing else: a read under way goes on to its deadline for the others
    who wait for it, and counts as what it was.
    """

    def __init__(self, parts: Parts[AsyncMemory]) -> None:
        self._memory = parts.memory
        self._clock = parts.clock
        self._cached = parts.cache is not None
        self._loop: asyncio.AbstractEventLoop | None
        self._core = Core(parts)
        self._reads = self._core.reads
        self._deadline = self._reads.deadline
        self._flights: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[Context]]]
        self._renew()
        in_child(self._renew)
        self._core.carry(self._drained)

    @property
    def mode(self) -> Mode:
        """The mode in force in this process: the weaker of its own and the fleet's."""
        return self._core.mode

    async def fetch_context(
        self,
        thread_id: str,
        *,
        timeout_ms: float | None = None,
        recent: Callable[[], Sequence[Message]] | None = None,
    ) -> Context:
        """Return the thread's context, within the read deadline (ZEP_TIMEOUT_MS unless given).

        `recent` is asked for the application's own last messages when there is none: four of them stand in.
        """
        state = self._core.watch.state
        context = (
            self._reads.blocked(state)
            or await self._recalled(thread_id)
            or await self._asked(thread_id, state, timeout_ms or self._deadline.ms)
        )
        if self._reads.keeps_stale and context.answer is Answer.UNAVAILABLE:
            failed = context
            context = await self._aside(lambda: self._reads.last_good(thread_id, failed))
        if recent is None or context.text:
            return context
        return with_recent(context, tuple(recent()))

    async def add_messages(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        user_id: str | None = None,
        client_msg_id: str | None = None,
        context: Context | None = None,
    ) -> Written:
        """Store messages in order within the write deadline; the same `client_msg_id` is stored once.

        See `MemoryGuard.add_messages`.
        """
        self._loop = asyncio.get_running_loop()
        self._core.wake()
        mode = self.mode
        if mode.writes:
            plan = self._core.writes.plan(
                thread_id, messages, user_id=user_id, client_msg_id=client_msg_id, refresh=mode.reads
            )
            written = await self._carried_out(plan)
        else:
            written = self._core.writes.skipped(str(mode))
        if context:
            assistant_turn(thread_id, context.trace, written)
        return written

    async def drain(self) -> Drained:
        """Replay what waits in the outbox until it is empty, or Zep fails; see `MemoryGuard.drain`."""
        return await self._carried_out(self._core.drain())

    def step(self) -> None:
        """Take the fleet's news and probe if a hold is over: for guards made with `threaded=False`."""
        self._core.watch.step()

    async def aclose(self) -> None:
        """Stop following the fleet and give up connections."""
        await self._aside(self._core.close)
        await self._memory.aclose()
        self._pool.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _recalled(self, thread_id: str) -> Context | None:
        return await self._aside(lambda: self._reads.recalled(thread_id)) if self._reads.recalls else None

    async def _asked(self, thread_id: str, state: State, timeout_ms: float) -> Context:
        """Ask Zep, or wait for whoever asks about the same thread already."""
        loop = asyncio.get_running_loop()
        flights = self._flights.setdefault(loop, {})
        flight = flights.get(thread_id)
        if flight is None:
            flight = loop.create_task(self._read(thread_id, state, timeout_ms))
            flights[thread_id] = flight
            flight.add_done_callback(lambda _: flights.pop(thread_id, None))
            return await asyncio.shield(flight)
        done, _ = await asyncio.wait({flight}, timeout=timeout_ms / 1000)
        if not done or flight.cancelled():
            return self._reads.abandoned(timeout_ms / 1000)
        shared = flight.result()
        return Context(shared.answer, shared.text, shared.trace.copy())

    async def _read(self, thread_id: str, state: State, timeout_ms: float) -> Context:
        began = self._clock.monotonic()
        try:
            reading = await _within(timeout_ms, self._memory.read(thread_id, timeout_ms=timeout_ms))
        except Exception as error:  # noqa: BLE001 - Reads.failed names every cause; the chat must go on
            raised, took_s = error, self._clock.monotonic() - began
            return await self._noted(lambda: self._reads.failed(thread_id, state, raised, took_s))
        took_s = self._clock.monotonic() - began
        return await self._noted(lambda: self._reads.answered(thread_id, state, reading, took_s))

    async def _noted(self, note: Callable[[], Context]) -> Context:
        """Note an outcome; with a cache that is a word with Redis."""
        return await self._aside(note) if self._cached else note()

    async def _carried_out(self, plan: Generator[Send | Pause | Aside, Any, T]) -> T:
        answer: Any = None
        with closing(plan):  # a caller that is cancelled gives back what the plan holds
            while True:
                try:
                    step = plan.send(answer)
                except StopIteration as end:
                    result: T = end.value
                    return result
                answer = await self._do(step)

    async def _do(self, step: Send | Pause | Aside) -> Any:
        match step:
            case Pause(seconds):
                return await asyncio.sleep(seconds)
            case Aside(call):
                return await self._aside(call)
            case Send():
                return await self._sent(step)

    async def _sent(self, step: Send) -> str | Exception | None:
        write = self._memory.write(
            step.thread_id,
            step.messages,
            timeout_ms=step.timeout_ms,
            user_id=step.user_id,
            idempotency_key=step.idempotency_key,
            return_context=step.return_context,
        )
        try:
            return await _within(step.timeout_ms, write)
        except Exception as error:  # noqa: BLE001 - the plan names every cause
            return error

    async def _aside(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _drained(self) -> None:
        """Drain from the guard's thread in the loop that wrote last: its connections belong there."""
        loop = self._loop
        if loop and loop.is_running():
            with suppress(CancelledError):  # the loop ended: another time
                asyncio.run_coroutine_threadsafe(self.drain(), loop).result()

    def _renew(self) -> None:
        """Also in a forked child: threads and loops stay behind in the parent."""
        self._loop = _running_loop()
        self._flights = WeakKeyDictionary()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="zep-guard-aside")


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that a guard is made in, if any: until it writes, drains run there."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _within(timeout_ms: float, call: Awaitable[T]) -> T:
    """Await `call`; one deadline for all of it, whatever the sockets do."""
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            return await call
    except TimeoutError:
        raise MemoryFailure(Kind.TIMEOUT) from None
