"""Open-loop load from a process of its own: `python -m drills.load.open_loop --url URL --t0 SECONDS`.

Requests go out on a fixed schedule whatever the answers do, and latency counts from the INTENDED start: a
server that stalls cannot slow the questions down and so hide its stall.  Ends by itself after --for, or at
once when stdin closes (its parent has gone).  One NDJSON line a request on stdout, a summary at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Sequence

import aiohttp

from drills.load.lines import Slots, request, say
from drills.load.schedule import TOKEN_ENV, Turn, turns

LAST_ANSWERS_S = 2.0
"""How long to wait for open answers after the last request."""


class OpenLoop:
    """Sends the schedule and reports each answer; `t0` is a `time.monotonic()` shared with the runner."""

    def __init__(self, session: aiohttp.ClientSession, url: str, t0: float) -> None:
        self._session = session
        self._url = url
        self.t0 = t0
        self._open: set[asyncio.Task[None]] = set()
        self.slots = Slots()

    async def run(self, schedule: Sequence[Turn], stop: asyncio.Event) -> None:
        """Send turns until they are all sent or `stop` is set; then collect the open answers."""
        began = time.monotonic()
        for turn in schedule:
            start = began + turn.at_s
            if await self._stopped_before(start, stop):
                break
            self._send(turn, start)
        if self._open:
            await asyncio.wait(self._open, timeout=LAST_ANSWERS_S)
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open)

    def _send(self, turn: Turn, start: float) -> None:
        self.slots.sent(time.monotonic() - start)
        task = asyncio.create_task(self._ask(turn, start))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _stopped_before(self, start: float, stop: asyncio.Event) -> bool:
        delay_s = start - time.monotonic()
        if delay_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), delay_s)
        return stop.is_set()

    async def _ask(self, turn: Turn, start: float) -> None:
        body = {"message": turn.message, "thread_id": turn.thread_id}
        answer, status, error = None, None, None
        try:
            async with self._session.post(self._url, json=body) as response:
                answer = await _json(response)
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as trouble:
            error = type(trouble).__name__
        except asyncio.CancelledError:
            error = "unanswered"
        say(request(start - self.t0, (time.monotonic() - start) * 1000, status, error, answer))


async def _json(response: aiohttp.ClientResponse) -> object:
    try:
        return await response.json(content_type=None)
    except ValueError:
        return None


async def _until_stdin_closes(stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()


async def _main(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    parent = asyncio.create_task(_until_stdin_closes(stop))
    schedule = turns(
        rate=options.rate,
        for_s=options.for_s,
        threads=options.threads,
        prefix=options.prefix,
        seed=options.seed,
        label=options.label,
    )
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {os.environ.get(TOKEN_ENV, '')}"},
        connector=aiohttp.TCPConnector(
            limit=0, force_close=True
        ),  # each user comes by a connection of their own
        timeout=aiohttp.ClientTimeout(total=options.timeout_s),
    ) as session:
        load = OpenLoop(session, options.url, options.t0 if options.t0 is not None else time.monotonic())
        await load.run(list(schedule), stop)
    parent.cancel()
    say(load.slots.summary(time.monotonic() - load.t0))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m drills.load.open_loop",
        description=f"Open-loop chat load; the bearer token comes from {TOKEN_ENV}.",
        epilog="example: python -m drills.load.open_loop --url http://127.0.0.1:8000/api/chat/ --for 10",
    )
    parser.add_argument("--url", required=True, help="the chat endpoint")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second (default 50)")
    parser.add_argument("--for", dest="for_s", type=float, default=60.0, metavar="S", help="default 60 s")
    parser.add_argument("--threads", type=int, default=10, help="conversations (default 10)")
    parser.add_argument("--prefix", default="load", help="begins every thread id")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of threads and messages")
    parser.add_argument("--label", default="", help="ends every message, with its number (default: none)")
    parser.add_argument(
        "--timeout", dest="timeout_s", type=float, default=5.0, metavar="S", help="default 5 s"
    )
    parser.add_argument("--t0", type=float, help="time.monotonic() that `t` counts from (default: now)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(_options(None)))
