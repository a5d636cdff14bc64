"""What PagerDuty takes and refuses, and what it took.  Pure.

https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
"""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEVERITIES = ("critical", "warning", "error", "info")
ACTIONS = ("trigger", "acknowledge", "resolve")
NEEDED = ("summary", "source", "severity")
"""Of a trigger's payload."""
KEY_LENGTH = 32
KEPT = 1000
"""Events in the log: a drill pages a handful."""
NAME = re.compile(r"\balertname\b\W+(\w+)")

Event = dict[str, Any]


def refused(event: object) -> list[str]:
    """Return what PagerDuty would find wrong with an event; nothing when it would take it."""
    if not isinstance(event, dict):
        return ["the event is not an object"]
    wrong = []
    key = event.get("routing_key")
    if not isinstance(key, str) or len(key) != KEY_LENGTH:
        wrong.append(f"'routing_key' is missing or blank or is not of {KEY_LENGTH} characters")
    if event.get("event_action") not in ACTIONS:
        wrong.append(f"'event_action' must be one of {', '.join(ACTIONS)}")
    elif event["event_action"] == "trigger":
        wrong += _of_payload(event.get("payload"))
    elif not event.get("dedup_key"):
        wrong.append("'dedup_key' is missing or blank")
    return wrong


def _of_payload(payload: object) -> list[str]:
    if not isinstance(payload, Mapping):
        return ["'payload' is missing or blank"]
    wrong = [f"'payload.{name}' is missing or blank" for name in NEEDED if not payload.get(name)]
    if payload.get("severity") not in SEVERITIES:
        wrong.append(f"'payload.severity' must be one of {', '.join(SEVERITIES)}")
    return wrong


@dataclass(slots=True)
class Log:
    """The events that were taken, newest last; a routing key is in none of them."""

    _events: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT))
    _open: dict[str, Event] = field(default_factory=dict)
    _taken: int = 0

    def take(self, event: Mapping[str, Any], now_s: float, *, to: str = "") -> str:
        """Note an event that is not refused, and for whom it was; returns its deduplication key."""
        key = str(event.get("dedup_key") or secrets.token_hex(16))
        action, before = event["event_action"], self._open.get(key, {})
        self._taken += 1
        noted = {
            "n": self._taken,
            "t": now_s,
            "action": action,
            "key": key,
            "to": to,
            "name": name_of(event) or before.get("name", ""),
            "severity": (event.get("payload") or {}).get("severity") or before.get("severity", ""),
            "summary": (event.get("payload") or {}).get("summary") or before.get("summary", ""),
        }
        self._events.append(noted)
        if action == "resolve":
            self._open.pop(key, None)
        else:
            self._open[key] = noted
        return key

    def since(self, after: int, now_s: float) -> list[Event]:
        """Return the events behind number `after`, each with its age: a reader's clock may be another one."""
        return [
            {**{k: v for k, v in e.items() if k != "t"}, "age_s": round(now_s - e["t"], 4)}
            for e in self._events
            if e["n"] > after
        ]

    def unresolved(self) -> list[str]:
        """Return the names of the alerts that are open."""
        return sorted({str(event["name"]) for event in self._open.values()})

    @property
    def taken(self) -> int:
        return self._taken


def name_of(event: Mapping[str, Any]) -> str:
    """Return the name of the alert as Alertmanager tells it: in the details, or as the class."""
    payload = event.get("payload") or {}
    details = payload.get("custom_details") or {}
    told = " ".join(str(details.get(where, "")) for where in ("alertname", "firing", "resolved"))
    if isinstance(details.get("alertname"), str):
        return str(details["alertname"])
    found = NAME.search(told)
    return found.group(1) if found else str(payload.get("class") or "")
