"""The outbox: what Zep could not take waits in Redis and is replayed in order per thread.  Pure.

Acknowledged means: Zep has it, or the outbox has it (`Written.acknowledged`).  The design, all of it:

* A write is put into the outbox when Zep fails it, when the write breaker is open, and when its thread has
  something in there already: it must not overtake. All batches of a write go in together or not at all.
* The outbox is PARTITIONS streams; a thread's entries are in one of them, by hash, in order. Whoever wants
  to replay takes a lease on a partition together with its first entry (one script), the partition whose
  first entry is the oldest. So a thread has one entry under way at most, whatever the number of drainers.
* Everything a drainer says about an entry is fenced by its lease. A killed drainer's lease lapses and the
  next one gets the same entry, under the same idempotency key: v4 stores it once.
* Each stream has a consumer group: its pending list is the entry under way, its delivery count the number
  of times that somebody tried, drainers that died over it included. A try that only found Zep away is taken
  back.
* An entry that Zep refuses CLIENT_TRIES times, or that fails FAILED_TRIES times while Zep takes others, is
  poison: it is set aside, listed by `zep-mode --poison`, put back at the end by `--retry`.
* A hash counts each thread's entries. A process asks it before a write only while it knows that the outbox
  is not empty: each script that fills or empties the outbox publishes that, and its answer carries a
  revision, so that a late push cannot undo what this process did itself. Healthy, a write reads one
  attribute.
* The bound counts what waits and what is set aside. When it is reached, or Redis is away, the newest write
  is refused (`unwritten`); nothing that was acknowledged is ever trimmed.
* Replays go through the write breaker, as any write, and begin slowly (`pace_s`).

What this cannot do: between a put in one process and its push in another pass about 1 ms, in which a write
of the same thread may go to Zep directly.  A process that cannot see Redis believes what it knew last, a new
one that something waits: then it refuses to write, for it must not overtake.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from guard.errors import Kind, MemoryFailure
from guard.outgoing import Message

PARTITIONS = 8
"""Drainers that can work at once (our choice).  Not to be changed while anything waits."""
CLIENT_TRIES = 3
"""A 404 is mended by the second try (the thread is made anew); what is refused thrice is refused for good."""
FAILED_TRIES = 10
"""Failures of one entry while others were taken: at 30 % bad answers, 6 in a million innocent ones."""
COOL_S = 1.0
"""How long a partition whose first entry failed lets the others go first."""
SLOW_START = 8
"""How many times slower than the full rate a drainer begins."""
QUEUED, UNWRITTEN = "outbox", "unwritten"
"""`Written.reason` of a write that waits in the outbox, and of one that is nowhere."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call of Zep that is still to be made; `messages` are redacted and within Zep's limits."""

    thread_id: str
    user_id: str | None
    messages: Sequence[Message]
    key: str
    """Of idempotency: the one that the first try had."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An entry in a drainer's hands; `token` is the drainer's fence."""

    partition: int
    id: str
    thread_id: str
    payload: str
    tries: int
    """This one included."""
    token: str


@dataclass(frozen=True, slots=True)
class Poison:
    """An entry that was set aside."""

    id: str
    thread_id: str
    reason: str
    tries: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How many entries wait, and for how long the oldest has."""

    depth: int = 0
    oldest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain came to; `reason` tells why it ended early, empty when nothing was left to take."""

    replayed: int = 0
    set_aside: int = 0
    reason: str = ""


class Verdict(StrEnum):
    """What becomes of an entry that was tried."""

    DONE = "done"
    ASIDE = "aside"
    STRIKE = "strike"
    """Back, and the try counts."""
    FORGIVE = "forgive"
    """Back; Zep was away, which says nothing about the entry."""


def postponable(kind: Kind) -> bool:
    """Tell whether the same write may succeed later: all but what a healthy Zep refuses."""
    return kind is not Kind.CLIENT


def judge(failure: MemoryFailure | None, tries: int, *, others_went: bool) -> Verdict:
    """Decide; `others_went`: Zep took other writes since this entry failed last."""
    if failure is None:
        return Verdict.DONE
    refused = failure.kind is Kind.CLIENT
    if not refused and not (failure.kind.counts and others_went):
        return Verdict.FORGIVE
    return Verdict.ASIDE if tries >= (CLIENT_TRIES if refused else FAILED_TRIES) else Verdict.STRIKE


def pace_s(replayed: int, rate: float) -> float:
    """Return the pause after so many replays in a row: Zep has just come back."""
    return max(1.0, SLOW_START / (replayed + 1)) / rate


def partition(thread_id: str) -> int:
    """Return where a thread's entries go, from 1; the same in every process."""
    return crc32(thread_id.encode(errors="surrogatepass")) % PARTITIONS + 1


def payload(entry: Entry) -> str:
    """Return an entry as JSON; raise TypeError or ValueError for metadata that JSON cannot hold."""
    return json.dumps([entry.user_id, entry.key, [dict(message) for message in entry.messages]])


def entry_of(taken: Taken) -> Entry | None:
    """Return what was put in, None when it cannot be read."""
    try:
        user_id, key, messages = json.loads(taken.payload)
        return Entry(taken.thread_id, user_id, [dict(message) for message in messages], key)
    except (TypeError, ValueError):
        return None
