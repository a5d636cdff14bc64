"""Production's alert rules at the speed of a drill: the same rules, their time 180 times as fast.  Pure.

15 minutes become 5 s, an hour 20 s, the 10 minutes of an increase 3.3 s.  Nothing else is changed: a drill
that pages has shown that production's own expression, labels and routing do.
"""

from __future__ import annotations

import re
from typing import Any

FASTER = 180
WINDOW_FLOOR_S = 2.0
"""A range must hold several scrapes (each 200 ms) and outlast a worker's flush of its metrics."""
GROUP_INTERVAL = "200ms"
"""How soon Alertmanager says more of a group it told of: so soon a resolve follows."""
REPEAT_INTERVAL = "1h"
"""A drill is shorter: whoever was paged is not paged again."""
UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`'
NAME = r"[A-Za-z_][\w:]*"
DURATION = r"((?:\d+(?:ms|[smhdwy]))+)\b"
TOKEN = re.compile(f"{QUOTED}|{NAME}|{DURATION}")
RANGE = re.compile(rf"\[{DURATION}\]")
YEAR_DAYS = 365
PAGES = "pagerduty_configs"

Config = dict[str, Any]


def rules(production: Config) -> Config:
    """Return a rules file with each `for:` and each range of an expression shortened."""
    return {
        **production,
        "groups": [
            {
                **{k: v for k, v in group.items() if k != "interval"},
                "rules": [_rule(r) for r in group["rules"]],
            }
            for group in production["groups"]
        ],
    }


def alertmanager(production: Config, *, pager_url: str, key_file: str) -> Config:
    """Return the routing with nothing to wait for, all of PagerDuty at `pager_url`.

    The pager is told which receiver was meant.  Other integrations are left out: a drill calls nobody.  So
    are silences by the clock.
    """
    receivers = [_receiver(receiver, pager_url, key_file) for receiver in production["receivers"]]
    return {**_at_home(production), "route": _route(production["route"]), "receivers": receivers}


def shortened(duration: str, floor_s: float = 0.0) -> str:
    """Return a duration of Prometheus, such as ``1h30m``, at drill speed; 0 stays 0."""
    found = re.findall(r"(\d+)(ms|[smhdwy])", duration)
    total_ms = sum(int(n) * UNITS_MS.get(unit, YEAR_DAYS * UNITS_MS["d"]) for n, unit in found)
    return f"{round(max(total_ms / FASTER, floor_s * 1000))}ms" if total_ms else "0s"


def _rule(rule: Config) -> Config:
    waits = {"for": shortened(str(rule["for"]))} if "for" in rule else {}
    labels = {name: RANGE.sub(_range, str(text)) for name, text in rule.get("labels", {}).items()}
    return {**rule, "expr": _expression(str(rule["expr"])), **waits, "labels": labels}


def _range(found: re.Match[str]) -> str:
    """A template may ask too: its ranges, which stand in quotes."""
    return f"[{shortened(found.group(1), WINDOW_FLOOR_S)}]"


def _expression(expression: str) -> str:
    """Shorten ranges, subqueries and offsets; what stands in quotes or is a name is no duration."""

    def one(found: re.Match[str]) -> str:
        return shortened(found.group(1), WINDOW_FLOOR_S) if found.group(1) else found.group(0)

    return TOKEN.sub(one, expression)


def _at_home(production: Config) -> Config:
    """Without what would leave this machine: `global` names providers, templates are files elsewhere."""
    return {k: v for k, v in production.items() if k not in ("global", "templates")}


def _route(route: Config) -> Config:
    own = {k: v for k, v in route.items() if k not in ("mute_time_intervals", "active_time_intervals")}
    own |= {"group_wait": "0s", "group_interval": GROUP_INTERVAL, "repeat_interval": REPEAT_INTERVAL}
    return own | ({"routes": [_route(inner) for inner in route["routes"]]} if "routes" in route else {})


def _receiver(receiver: Config, pager_url: str, key_file: str) -> Config:
    pages = [
        {
            **{k: v for k, v in page.items() if k not in ("routing_key", "service_key", "http_config")},
            "url": f"{pager_url}?to={receiver['name']}",
            "routing_key_file": key_file,
        }
        for page in receiver.get(PAGES, [])
    ]
    return {"name": receiver["name"], **({PAGES: pages} if pages else {})}
