"""The guard's voice for threads: what a synchronous application calls."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from guard.context import Context, with_recent
from guard.core import Core
from guard.events import assistant_turn
from guard.forks import in_child
from guard.machine import State
from guard.modes import Mode
from guard.outbox import Drained
from guard.parts import Parts
from guard.ports import Memory, Message
from guard.writing import Aside, Pause, Send
from guard.written import Written

T = TypeVar("T")

_Flight = list["queue.SimpleQueue[Context | None]"]
"""One read under way: who else waits for it."""


class MemoryGuard:
    """Reads and writes memory, or says at once why not.  Never raises for what the backend does."""

    def __init__(self, parts: Parts[Memory]) -> None:
        self._memory = parts.memory
        self._clock = parts.clock
        self._flights: dict[str, _Flight] = {}
        self._core = Core(parts)
        self._reads = self._core.reads
        self._deadline = self._reads.deadline
        self._keeps_stale = self._reads.keeps_stale
        in_child(self._leave_parent)
        self._core.carry(self.drain)

    @property
    def mode(self) -> Mode:
        """The mode in force in this process: the weaker of its own and the fleet's."""
        return self._core.mode

    def fetch_context(
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
            or self._reads.recalled(thread_id)
            or self._asked(thread_id, state, timeout_ms or self._deadline.ms)
        )
        if self._keeps_stale and context.text is None:
            context = self._reads.last_good(thread_id, context)
        if recent is None or context.text:
            return context
        return with_recent(context, tuple(recent()))

    def add_messages(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        user_id: str | None = None,
        client_msg_id: str | None = None,
        context: Context | None = None,
    ) -> Written:
        """Store messages in order within the write deadline; the same `client_msg_id` is stored once.

        Personal data and secrets are redacted, empty messages are not sent, long ones are split.  Given the
        `context` of the same turn, one `assistant_turn` line is logged.
        """
        self._core.wake()
        mode = self.mode
        if mode.writes:
            plan = self._core.writes.plan(
                thread_id, messages, user_id=user_id, client_msg_id=client_msg_id, refresh=mode.reads
            )
            written = self._carried_out(plan)
        else:
            written = self._core.writes.skipped(str(mode))
        if context:
            assistant_turn(thread_id, context.trace, written)
        return written

    def drain(self) -> Drained:
        """Replay what waits in the outbox until it is empty, or Zep fails: for a Celery task, say.

        Any number of processes may do so at once; each guard's own worker does.
        """
        return self._carried_out(self._core.drain())

    def step(self) -> None:
        """Take the fleet's news and probe if a hold is over: for guards made with `threaded=False`."""
        self._core.watch.step()

    def close(self) -> None:
        """Stop following the fleet and give up connections."""
        self._core.close()
        self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _asked(self, thread_id: str, state: State, timeout_ms: float) -> Context:
        """Ask Zep, or wait for whoever asks about the same thread already.  Who comes first needs no lock."""
        mine: _Flight = []
        flight = self._flights.setdefault(thread_id, mine)  # atomic
        if flight is not mine:
            return self._waited(flight, thread_id, state, timeout_ms)
        context = None
        try:
            context = self._read(thread_id, state, timeout_ms)
            return context
        finally:
            self._flights.pop(thread_id, None)
            for waiting in mine:
                waiting.put(context)

    def _waited(self, flight: _Flight, thread_id: str, state: State, timeout_ms: float) -> Context:
        waiting: queue.SimpleQueue[Context | None] = queue.SimpleQueue()
        flight.append(waiting)
        if self._flights.get(thread_id) is not flight and waiting.empty():
            return self._asked(thread_id, state, timeout_ms)  # it landed just before we got in line
        try:
            shared = waiting.get(timeout=timeout_ms / 1000)
        except queue.Empty:
            shared = None
        if shared is None:  # too slow for us, or cut off
            return self._reads.abandoned(timeout_ms / 1000)
        return Context(shared.answer, shared.text, shared.trace.copy())

    def _read(self, thread_id: str, state: State, timeout_ms: float) -> Context:
        began = self._clock.monotonic()
        try:
            reading = self._memory.read(thread_id, timeout_ms=timeout_ms)
        except Exception as error:  # noqa: BLE001 - Reads.failed names every cause; the chat must go on
            return self._reads.failed(thread_id, state, error, self._clock.monotonic() - began)
        return self._reads.answered(thread_id, state, reading, self._clock.monotonic() - began)

    def _leave_parent(self) -> None:
        """What the parent was reading lands in the parent."""
        self._flights = {}

    def _carried_out(self, plan: Generator[Send | Pause | Aside, Any, T]) -> T:
        answer: Any = None
        while True:
            try:
                step = plan.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            answer = self._do(step)

    def _do(self, step: Send | Pause | Aside) -> Any:
        match step:
            case Pause(seconds):
                return self._clock.sleep(seconds)
            case Aside(call):
                return call()
            case Send():
                return self._sent(step)

    def _sent(self, step: Send) -> str | Exception | None:
        try:
            return self._memory.write(
                step.thread_id,
                step.messages,
                timeout_ms=step.timeout_ms,
                user_id=step.user_id,
                idempotency_key=step.idempotency_key,
                return_context=step.return_context,
            )
        except Exception as error:  # noqa: BLE001 - the plan names every cause
            return error
