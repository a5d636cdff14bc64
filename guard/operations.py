"""The operations command, behind `zep-mode` and `manage.py zep_mode`: same verbs, same words."""

from __future__ import annotations

import argparse
import getpass
import json
import math
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from guard.clock import SystemClock
from guard.errors import SettingsError
from guard.events import iso
from guard.machine import AUTO, Clear, Force, Phase, ResetFailures, State, Turn, Verb
from guard.modes import Mode, weaker
from guard.ports import Cache, Clock, Store
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
    parser.add_argument("--ttl", metavar="S", default="300", help="seconds a force lasts (default 300)")
    parser.add_argument(
        "--mode", default="write_only", choices=["write_only", "off"], help="what a force leaves on"
    )
    parser.add_argument("--json", action="store_true", help="print --status or --history as JSON")


@dataclass(frozen=True, slots=True)
class Fleet:
    """What an operator's command works on."""

    store: Store
    cache: Cache
    settings: Settings


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
    known = fleet.cache.drop(options["invalidate"])
    return "the cached context is gone" if known else "nothing was cached for this thread"


def _reset_failures(fleet: Fleet, _options: dict[str, Any]) -> str:
    _, verb = fleet.store.apply(ResetFailures())
    return "failure count reset" if verb is Verb.RESET else "the failure count was 0"


VERBS: dict[str, Callable[[Fleet, dict[str, Any]], str]] = {
    "status": _status,
    "history": _history,
    "force": _force,
    "clear": _clear,
    "invalidate": _invalidate,
    "reset_failures": _reset_failures,
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
        "outbox": {
            "depth": 0,
            "oldest_s": 0,
        },  # there is none yet: what Zep does not take is reported
        "store": {"up": True},
        "auto_downgrade": str(settings.auto_downgrade),
    }


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
        "auto downgrade": shown["auto_downgrade"],
    }
    return "\n".join(f"{label:<24}{value}" for label, value in lines.items())


def _forced_text(forced: dict[str, Any] | None, phase: str) -> str:
    if forced is None:
        return "none"
    by = "by failures" if forced["by"] == AUTO else f"by {forced['by']}"
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
