"""Faults that spoil Zep's own answer on its way to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from chaos.faults import Drip, HttpFault, Reset, Truncate

PLENTY_BYTES = 256 * 2**10
"""More than this of a dripped answer is not taken in at once."""
HEAD_END = b"\r\n\r\n"

Write = Callable[[bytes], None]
Done = Callable[[], None]
Pace = Callable[[bool], None]
"""Told True when upstream should wait, False when it may go on."""


class Shaper(Protocol):
    """Stands between upstream's bytes and the client."""

    def feed(self, data: bytes) -> None:
        """Take more of the answer."""

    def finish(self, done: Done) -> None:
        """Call `done` once all that was taken has been handed on."""

    def release(self) -> None:
        """The fault is over: hand on what is left, at once."""

    def cancel(self) -> None:
        """Nobody wants the answer any more."""


class Body:
    """Tells the head of an answer from its body."""

    def __init__(self) -> None:
        self._head = b""
        self._in_body = False

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """Return (what belongs to the head, what to the body)."""
        if self._in_body:
            return b"", data
        seen = self._head + data
        end = seen.find(HEAD_END)
        if end < 0:
            self._head = seen[-len(HEAD_END) :]
            return data, b""
        self._in_body = True
        in_head = end + len(HEAD_END) - len(self._head)
        return data[:in_head], data[in_head:]


class Cutter:
    """Passes the head and `after_bytes` of the body, then calls `cut`."""

    def __init__(self, after_bytes: int, write: Write, cut: Done) -> None:
        self._left = after_bytes
        self._write = write
        self._cut = cut
        self._body = Body()
        self._over = False

    def feed(self, data: bytes) -> None:
        head, body = self._body.split(data)
        if self._over or not (head or body):
            return
        self._write(head + body[: self._left])
        self._left -= len(body)
        if self._left <= 0 and body:
            self._over = True
            self._cut()

    def finish(self, done: Done) -> None:
        """The answer was shorter than that."""
        if not self._over:
            done()

    def release(self) -> None:
        self._left = 2**62

    def cancel(self) -> None:
        self._over = True


class Dripper:
    """Passes the head, then `chunk_bytes` of the body every `every_ms`."""

    def __init__(self, fault: Drip, write: Write, pace: Pace) -> None:
        self._every_s = fault.every_ms / 1000
        self._chunk_bytes = fault.chunk_bytes
        self._write = write
        self._pace = pace
        self._paused = False
        self._body = Body()
        self._waiting = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._done: Done | None = None

    def feed(self, data: bytes) -> None:
        head, body = self._body.split(data)
        if head:
            self._write(head)
        self._waiting += body
        self._regulate()
        if self._waiting and self._timer is None:
            self._wait()

    def finish(self, done: Done) -> None:
        if self._waiting:
            self._done = done
        else:
            done()

    def release(self) -> None:
        self._chunk_bytes = len(self._waiting) + PLENTY_BYTES
        if self._timer:
            self._timer.cancel()
            self._drop()

    def cancel(self) -> None:
        self._waiting.clear()
        if self._timer:
            self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._drop)

    def _drop(self) -> None:
        self._timer = None
        self._write(bytes(self._waiting[: self._chunk_bytes]))
        del self._waiting[: self._chunk_bytes]
        self._regulate()
        if self._waiting:
            self._wait()
        elif self._done:
            self._done()

    def _regulate(self) -> None:
        full = len(self._waiting) > PLENTY_BYTES
        if full != self._paused:
            self._paused = full
            self._pace(full)


def shaper_of(fault: HttpFault, write: Write, cut: Callable[[bool], None], pace: Pace) -> Shaper:
    """Return what spoils an answer as `fault` says; `cut(True)` means with a reset."""
    if isinstance(fault, Drip):
        return Dripper(fault, write, pace)
    if isinstance(fault, (Truncate, Reset)):
        reset = isinstance(fault, Reset)
        return Cutter(fault.after_bytes, write, lambda: cut(reset))
    raise TypeError(f"{fault.kind} does not shape answers")
