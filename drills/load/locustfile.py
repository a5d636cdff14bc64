"""The load as Locust sends it: conversations of several turns, at a pace that answers cannot slow down.

By hand, here on one machine, or with ``--master`` and ``--worker`` on several::

    DRILL_TOKEN=... locust -f drills/load/locustfile.py --headless --host https://staging.example \\
        --shape peak --rate 200 --for 600 --budget-p95-ms 400 --budget-errors 0 --buckets load.ndjson

Exits with 0 within the budgets, 1 beyond them, 11 when nothing or too little was sent to tell.  Of Locust's
users each keeps a slot every two seconds; one that is late says so, and counts its latency from the slot.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
from gevent.os import tp_read
from locust import LoadTestShape, constant, events, task
from locust.contrib.fasthttp import FastHttpUser
from locust.runners import WorkerRunner

from drills.load.buckets import Buckets
from drills.load.lines import Slots, request, say
from drills.load.schedule import TOKEN_ENV
from drills.load.sessions import session
from drills.load.shapes import SHAPES, rate_at

PACE_S = 2.0
"""Between two turns of a user, and so the slowest answer that does not delay the next."""
ARRIVALS = 0.99
SPAWN_PER_S = 1000.0
FAIL, INCONCLUSIVE = 1, 11
OK = 200
EPOCH_S = time.time() - time.monotonic()
"""Machines that load together have no other clock in common."""
BUCKETS, SLOTS = Buckets(), Slots()
DICE = random.Random()  # noqa: S311 - repeatable choices, seeded when the options are known


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--shape", choices=list(SHAPES), default="steady", help="how load goes over time")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second at a share of 1")
    parser.add_argument("--for", dest="for_s", type=float, default=60.0, metavar="S", help="default 60 s")
    parser.add_argument("--path", default="/api/chat/", help="of the chat endpoint")
    parser.add_argument("--threads", type=int, default=0, help="conversations that go on (default: all new)")
    parser.add_argument("--prefix", default="locust", help="begins every thread id")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of threads and messages")
    parser.add_argument("--budget-p95-ms", type=float, default=math.inf, help="exit 1 beyond this p95")
    parser.add_argument("--budget-errors", type=int, default=0, help="exit 1 beyond so many (default 0)")
    parser.add_argument("--buckets", default="", metavar="FILE", help="100 ms buckets, NDJSON, wall clock")
    parser.add_argument("--t0", type=float, default=0.0, help="time.monotonic() that drills count from; "
                        "each request is a line on stdout then, and all ends when stdin does")  # fmt: skip


class Shape(LoadTestShape):
    """As many users as the rate of the moment needs."""

    def tick(self) -> tuple[int, float] | None:
        environment: Any = self.runner.environment if self.runner else None
        asked = environment.parsed_options
        at_s: float = self.get_run_time()  # type: ignore[no-untyped-call]
        rate = rate_at(asked.shape, at_s, rate=asked.rate, for_s=asked.for_s)
        return None if rate is None else (math.ceil(rate * PACE_S), SPAWN_PER_S)


class Guest(FastHttpUser):
    """Has one conversation after the other, a turn each PACE_S."""

    wait_time = constant(0)  # the slot is waited for, so that a late answer is known as such
    connection_timeout = network_timeout = 5.0

    def on_start(self) -> None:
        self._asked: Any = self.environment.parsed_options
        self._slot = time.monotonic() + DICE.random() * PACE_S
        self._turns: Iterator[str] = iter(())
        self._thread = ""

    @task
    def turn(self) -> None:
        message = next(self._turns, "")
        if not message:
            self._thread, self._turns = _thread(self._asked), session(DICE)
            message = next(self._turns)
        gevent.sleep(max(0.0, self._slot - time.monotonic()))
        due, self._slot = self._slot, self._slot + PACE_S
        SLOTS.sent(time.monotonic() - due)
        self._ask({"message": message, "thread_id": self._thread}, due)

    def _ask(self, body: dict[str, str], due: float) -> None:
        headers = {"Authorization": f"Bearer {os.environ.get(TOKEN_ENV, '')}", "Connection": "close"}
        with self.client.post(self._asked.path, json=body, headers=headers, catch_response=True) as answer:
            if answer.status_code != OK:
                answer.failure(f"status {answer.status_code}")
            status, error = answer.status_code or None, getattr(answer, "error", None)
            ms = (time.monotonic() - due) * 1000
            BUCKETS.add(due + EPOCH_S, ms, ok=status == OK)
            if self._asked.t0:
                told = None if status or not error else type(error).__name__
                say(request(due - self._asked.t0, ms, status, told, _json(answer)))


@events.init.add_listener
def _init(environment: Any, **_: Any) -> None:
    asked = environment.parsed_options
    DICE.seed(asked.seed + os.getpid() if isinstance(environment.runner, WorkerRunner) else asked.seed)
    if asked.t0:
        gevent.spawn(_until_stdin_closes, environment)
    if not isinstance(environment.runner, WorkerRunner):
        gevent.signal_handler(signal.SIGTERM, _end, environment)  # Locust's own comes too late for a shape


@events.report_to_master.add_listener
def _to_master(data: dict[str, Any], **_: Any) -> None:
    global SLOTS  # noqa: PLW0603 - Locust's listeners share nothing but their module
    data["buckets"], data["slots"] = BUCKETS.drain(), (SLOTS.intended, SLOTS.on_time, SLOTS.slip_s)
    SLOTS = Slots()


@events.worker_report.add_listener
def _from_worker(data: dict[str, Any], **_: Any) -> None:
    BUCKETS.merge(data.get("buckets", {}))
    SLOTS.add(*data.get("slots", (0, 0, 0.0)))


@events.quitting.add_listener
def _quitting(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner):
        return
    asked = environment.parsed_options
    if asked.t0:
        say(SLOTS.summary(time.monotonic() - asked.t0))
        return
    if asked.buckets:
        lines = (json.dumps(line, separators=(",", ":")) + "\n" for line in BUCKETS.lines())
        Path(asked.buckets).write_text("".join(lines), encoding="utf-8")
    environment.process_exit_code, why = _verdict(asked)
    if why:
        sys.stderr.write(f"load: {why}\n")


def _verdict(asked: Any) -> tuple[int, str]:
    """Return the exit code and why it is not 0."""
    sent, errors, p95_ms = BUCKETS.total()
    if not sent or SLOTS.on_time < ARRIVALS * SLOTS.intended:
        late = (
            f"{SLOTS.on_time} of {SLOTS.intended} requests left on time, the last {SLOTS.slip_s:.2f} s late"
        )
        return INCONCLUSIVE, f"inconclusive: {late}: a busy machine, or answers slower than {PACE_S:g} s?"
    if errors > asked.budget_errors:
        return FAIL, f"failed: {errors} of {sent} answers were errors, allowed are {asked.budget_errors}"
    if p95_ms > asked.budget_p95_ms:
        return FAIL, f"failed: p95 of {p95_ms} ms, allowed are {asked.budget_p95_ms:g} ms"
    return 0, ""


def _thread(asked: Any) -> str:
    number = DICE.randrange(asked.threads) if asked.threads else f"{os.getpid()}-{DICE.getrandbits(40):010x}"
    return f"{asked.prefix}-{number}"


def _json(answer: Any) -> object:
    try:
        return answer.json()
    except (ValueError, TypeError, AttributeError):
        return None


def _until_stdin_closes(environment: Any) -> None:
    """Its parent has gone, or has heard enough."""
    while tp_read(sys.stdin.fileno(), 1):
        pass
    _end(environment)


def _end(environment: Any) -> None:
    """End the shape, and so the run, in Locust's own order: a quit from here would meet Locust's."""
    if environment.runner.shape_greenlet:
        environment.runner.shape_greenlet.kill(block=False)
