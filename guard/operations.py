"""The operations command, behind `zep-mode` and `manage.py zep_mode`: same verbs, same words."""

from __future__ import annotations

import argparse
import getpass
import json
import math
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from guard.clock import SystemClock
from guard.errors import DrainError, SettingsError
from guard.events import iso
from guard.history import Turn
from guard.machine import AUTO, Clear, Force, Phase, ResetFailures, State, Verb
from guard.modes import Mode, weaker
from guard.outbox import COOL_S, Depth, Drained
from guard.ports import Cache, Clock, Outbox, Store
from guard.settings import Settings

REASONS = ("auth", "consecutive_failures", "manual", "rollback")
"""What an operator may give as a reason: the seed's list."""
MAX_TTL_S = 7 * 24 * 3600
"""A hold longer than a week is a change of FLAG_ZEP_READ (our choice)."""
EXAMPLE = "example: {prog} --force rollback --ttl 600"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their options."""
    verbs = parser.add_argument_group("actions").add_mutually_exclusive_group()
    verbs.add_argument("--status", action="store_true", help="show the modes, the hold and the failure count")
    verbs.add_argument("--force", metavar="REASON", help=f"stop reads on every worker: {', '.join(REASONS)}")
    verbs.add_argument("--clear", action="store_true", help="end any hold, automatic or forced")
    verbs.add_argument("--history", action="store_true", help="show the last transitions, newest first")
    verbs.add_argument("--invalidate", metavar="THREAD", help="forget the cached context of a thread")
    verbs.add_argument("--reset-failures", action="store_true", help="forget the failures counted so far")
    verbs.add_argument(
        "--drain", action="store_true", help="replay what waits in the outbox, until it is empty"
    )
    verbs.add_argument("--poison", action="store_true", help="list what the outbox has set aside")
    verbs.add_argument("--retry", metavar="ID", help="put an entry set aside, or all, back into the outbox")
    parser.add_argument("--ttl", metavar="S", default="300", help="seconds a force lasts (default 300)")
    parser.add_argument(
        "--mode", default="write_only", choices=["write_only", "off"], help="what a force leaves on"
    )
    parser.add_argument("--json", action="store_true", help="print --status, --history or --poison as JSON")


@dataclass(frozen=True, slots=True)
class Fleet:
    """What an operator's command works on."""

    store: Store
    cache: Cache
    settings: Settings
    outbox: Outbox | None = None


def run(options: dict[str, Any], fleet: Fleet, say: Callable[[str], None]) -> None:
    """Carry out one verb; raise SettingsError for bad input, StoreError when Redis does not answer."""
    for verb, act in VERBS.items():
        if options[verb]:
            say(act(fleet, options))
            return
    names = ", ".join(f"--{verb.replace('_', '-')}" for verb in VERBS)
    raise SettingsError(f"no action given: use one of {names}")


def _status(fleet: Fleet, options: dict[str, Any]) -> str:
    shown = status(fleet, SystemClock())
    return json.dumps(shown) if options["json"] else _text(shown)


def _history(fleet: Fleet, options: dict[str, Any]) -> str:
    turns = [_turn(turn) for turn in fleet.store.history()]
    if options["json"]:
        return json.dumps(turns)
    return "\n".join(map(_turn_text, turns)) or "no transitions yet"


def _force(fleet: Fleet, options: dict[str, Any]) -> str:
    event = Force(Mode(options["mode"]), _reason(options["force"]), _ttl_s(options["ttl"]), _operator())
    fleet.store.apply(event)
    return f"forced {event.mode} for {event.ttl_s:g} s, reason {event.reason}; ends by a successful probe"


def _clear(fleet: Fleet, _options: dict[str, Any]) -> str:
    _, verb = fleet.store.apply(Clear(_operator()))
    return f"cleared: back to {fleet.settings.base_mode}" if verb is Verb.CLEARED else "nothing was forced"


def _invalidate(fleet: Fleet, options: dict[str, Any]) -> str:
    fleet.store.read()  # a cache that is away knows nothing; the store says that it is away
    known = fleet.cache.forget(options["invalidate"])
    return "the cached context is gone" if known else "nothing was cached for this thread"


def _reset_failures(fleet: Fleet, _options: dict[str, Any]) -> str:
    _, verb = fleet.store.apply(ResetFailures())
    return "failure count reset" if verb is Verb.RESET else "the failure count was 0"


def _drain(fleet: Fleet, _options: dict[str, Any]) -> str:
    from guard.wiring import build_drainer  # noqa: PLC0415 - needs Zep's SDK, the other verbs do not

    with build_drainer(fleet.settings) as guard:
        return drained(guard.drain, _outbox(fleet), SystemClock())


def drained(drain: Callable[[], Drained], outbox: Outbox, clock: Clock) -> str:
    """Drain until nothing waits, beside whoever else does so; raise DrainError when Zep or Redis fails."""
    replayed = aside = 0
    while waiting := outbox.look().depth:
        came = drain()
        replayed, aside = replayed + came.replayed, aside + came.set_aside
        if came.reason:
            raise DrainError(f"stopped ({came.reason}): {replayed} replayed, about {waiting} still wait")
        clock.sleep(COOL_S / 4)
    return f"{replayed} replayed, {aside} set aside, the outbox is empty"


def _poison(fleet: Fleet, options: dict[str, Any]) -> str:
    found = [asdict(poison) for poison in _outbox(fleet).poison()]
    if options["json"]:
        return json.dumps(found)
    lines = (f"{one['id']}  {one['thread_id']}  {one['reason']}  {one['tries']} tries" for one in found)
    return "\n".join(lines) or "nothing was set aside"


def _retry(fleet: Fleet, options: dict[str, Any]) -> str:
    moved = _outbox(fleet).retry(options["retry"])
    return f"{moved} back in the outbox" if moved else "nothing of that id was set aside"


def _outbox(fleet: Fleet) -> Outbox:
    if fleet.outbox is None:
        raise SettingsError("no outbox without a Redis: set GUARD_REDIS_URL")
    return fleet.outbox


VERBS: dict[str, Callable[[Fleet, dict[str, Any]], str]] = {
    "status": _status,
    "history": _history,
    "force": _force,
    "clear": _clear,
    "invalidate": _invalidate,
    "reset_failures": _reset_failures,
    "drain": _drain,
    "poison": _poison,
    "retry": _retry,
}


def status(fleet: Fleet, clock: Clock) -> dict[str, Any]:
    """Return what `--status --json` prints."""
    state, settings, now = fleet.store.read(), fleet.settings, clock.monotonic()
    return {
        "base_mode": str(settings.base_mode),
        "effective_mode": str(_effective(state, settings.base_mode)),
        "phase": str(state.phase(now)),
        "forced": _forced(state, clock) if state.mode else None,
        "consecutive_failures": len(state.failed_at),
        "probe_lease": {
            "held": state.leased(now),
            "remaining_s": _seconds(state.lease_until - now) if state.leased(now) else 0,
        },
        "write_breaker": "open" if fleet.store.writes_open() else "closed",
        "outbox": _waiting(fleet),
        "store": {"up": True},
        "auto_downgrade": str(settings.auto_downgrade),
    }


def _waiting(fleet: Fleet) -> dict[str, float]:
    waiting = fleet.outbox.look() if fleet.outbox else Depth()
    return {"depth": waiting.depth, "oldest_s": round(waiting.oldest_s, 1)}


def _effective(state: State, base_mode: Mode) -> Mode:
    return weaker(base_mode, state.mode) if state.mode else base_mode


def _forced(state: State, clock: Clock) -> dict[str, Any]:
    now = clock.monotonic()
    return {
        "mode": str(state.mode),
        "reason": state.reason,
        "remaining_s": _seconds(state.until - now),
        "forced_at": iso(clock.wall() + state.since - now),
        "by": state.by,
        "share_percent": state.share_percent,
        "epoch": state.epoch,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    before, after = (str(mode) if mode else "base" for mode in (turn.before, turn.after))
    return {"at": iso(turn.at), "from": before, "to": after, "reason": turn.reason, "by": turn.by}


def _turn_text(turn: dict[str, Any]) -> str:
    return f"{turn['at']}  {turn['from']} -> {turn['to']}  {turn['reason']}  by {turn['by']}"


def _seconds(left: float) -> float:
    return round(max(0.0, left), 1)


def _text(shown: dict[str, Any]) -> str:
    """Return what people read; the seed's key names are labels here, the state is one hash."""
    lines = {
        "base mode": shown["base_mode"],
        "forced mode": _forced_text(shown["forced"], shown["phase"]),
        "effective mode": shown["effective_mode"],
        "consecutive failures": shown["consecutive_failures"],
        "mem:mode:forced:v1": "set" if shown["forced"] else "not set",
        "mem:mode:probe_lock:v1": "held" if shown["probe_lease"]["held"] else "free",
        "write breaker": shown["write_breaker"],
        "outbox": f"{shown['outbox']['depth']} waiting, the oldest for {shown['outbox']['oldest_s']:g} s",
        "auto downgrade": shown["auto_downgrade"],
    }
    return "\n".join(f"{label:<24}{value}" for label, value in lines.items())


def _forced_text(forced: dict[str, Any] | None, phase: str) -> str:
    if forced is None:
        return "none"
    by = "by failures" if forced["by"] == AUTO else f"by {forced['by']}"
    if phase == Phase.RECOVERING:
        return f"{forced['mode']}, recovering, {forced['share_percent']} % of reads go out"
    left = "probing now" if phase == Phase.PROBING else f"{forced['remaining_s']:g} s left"
    return f"{forced['mode']}, reason {forced['reason']}, {by}, {left}"


def _reason(raw: str) -> str:
    if raw not in REASONS:
        raise SettingsError(f"unknown reason {raw!r}: use one of {', '.join(REASONS)}")
    return raw


def _ttl_s(raw: str) -> float:
    try:
        ttl_s = float(raw)
    except ValueError:
        ttl_s = math.nan
    if not 1 <= ttl_s <= MAX_TTL_S:
        raise SettingsError(f"--ttl {raw!r} is not usable: give seconds from 1 to {MAX_TTL_S}")
    return ttl_s


def _operator() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
