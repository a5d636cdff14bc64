"""What the logs say: one line an event, named as the seed names them, its fields in `extra`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from guard.errors import MemoryFailure, failure_of
from guard.machine import State, Verb
from guard.modes import Mode, weaker
from guard.outbox import Taken
from guard.ports import Clock
from guard.redact import DROPPED
from guard.written import Written

log = logging.getLogger("guard")

_TRIPS = {
    "latency": "zep_slow_reads_auto_downgrade",
    "auth": "zep_auth_failure_auto_downgrade",
    "consecutive_failures": "zep_consecutive_failures_auto_downgrade",
}


def announce(verb: Verb, state: State, *, base: Mode, clock: Clock) -> None:
    """Log a transition that this process caused."""
    if verb is Verb.TRIPPED and state.reason in _TRIPS:
        log.warning("%s", _TRIPS[state.reason])
    if verb in (Verb.TRIPPED, Verb.HELD_AGAIN, Verb.FORCED) and state.mode:
        _say(
            logging.WARNING,
            "memory_mode_forced",
            prev_mode=str(base),
            next_mode=str(weaker(base, state.mode)),
            reason=state.reason,
            hold_seconds=round(state.until - state.since, 3),
            until=iso(clock.wall() + state.until - clock.monotonic()),
        )
    elif verb in (Verb.RESTORED, Verb.CLEARED):
        reason = "probe_success" if verb is Verb.RESTORED else "cleared"
        _say(logging.WARNING, "memory_mode_restored", mode=str(base), reason=reason)
    elif verb is Verb.EASED:
        _say(logging.WARNING, "memory_mode_recovering", share_percent=state.share_percent, epoch=state.epoch)
    elif verb is Verb.LEASED:
        _say(logging.INFO, "probe_lock_acquired", epoch=state.epoch)


def blocked(mode: Mode, reason: str, until: str | None) -> None:
    """Log that reads do not go out: once a process for each hold, not once a read."""
    _say(logging.INFO, "zep_read_blocked_forced_mode", mode=str(mode), reason=reason, until=until)


def assistant_turn(thread_id: str, trace: Mapping[str, Any], written: Written) -> None:
    """Log one turn of a chat: what memory gave and took."""
    _say(
        logging.INFO,
        "assistant_turn",
        thread_id=thread_id,
        mode=trace["mode"],
        used=trace["used"],
        cached=trace["cached"],
        read_ms=trace["took_ms"],
        write_ms=written.took_ms,
        redactions=written.redactions,
        status="stored" if written.stored else written.reason,
    )


def understood(error: Exception) -> MemoryFailure:
    """Return what a backend raised as a failure; of what it should not raise, log the type, not the text."""
    if not isinstance(error, MemoryFailure):
        _say(logging.ERROR, "memory_backend_stumbled", type=type(error).__name__)
    return failure_of(error)


def shadowed(reason: str) -> None:
    """Log a downgrade that shadow mode did not make."""
    _say(logging.WARNING, "shadow_downgrade", reason=reason)


def set_aside(taken: Taken, reason: str) -> None:
    """Log that an entry of the outbox is poison."""
    _say(logging.WARNING, "outbox_set_aside", id=taken.id, thread_id=taken.thread_id, reason=reason)


def unwritten(thread_id: str, reason: str) -> None:
    """Log a write that neither Zep nor the outbox took."""
    _say(logging.WARNING, "outbox_unwritten", thread_id=thread_id, reason=reason)


def redacted(counts: Mapping[str, int]) -> None:
    """Log how much was redacted, never what; a warning if something could not be and was left out.

    The counts are one field: a kind of a user's own may be called as a log record's attribute is.
    """
    said = " ".join(f"{kind}={times}" for kind, times in counts.items())
    level = logging.WARNING if DROPPED in counts else logging.INFO
    log.log(level, "pii_redacted %s", said, extra={"event": "pii_redacted", "counts": dict(counts)})


def _say(level: int, event: str, **fields: object) -> None:
    log.log(
        level,
        "%s %s",
        event,
        " ".join(f"{k}={v}" for k, v in fields.items()),
        extra={"event": event, **fields},
    )


def iso(wall_s: float) -> str:
    """Return UTC with milliseconds, for people and for JSON."""
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
