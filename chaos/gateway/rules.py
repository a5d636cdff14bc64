"""Which fault hits which request: pure, given the time and seeded dice."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from chaos.faults import HttpFault, Latency


@dataclass(frozen=True, slots=True)
class Decision:
    """Wait `delay_s`, then do what `fault` says, or forward without one; `name` is the rule that hit."""

    delay_s: float = 0.0
    fault: HttpFault | None = None
    name: str | None = None

    @property
    def swallows(self) -> bool:
        """Whether the request goes no further than here."""
        return self.fault is not None and not self.fault.shapes


FORWARD = Decision()
"""No fault hits: what most requests get, made once."""


@dataclass(slots=True)
class Rule:
    """A fault in place, with what it has done so far."""

    name: str
    fault: HttpFault
    accepted_at: float
    lease_until: float
    hits: int = 0
    _route: re.Pattern[str] = field(init=False)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._route = route_pattern(self.fault.route)
        self._dice = random.Random(self.fault.seed)  # noqa: S311 - repeatable on purpose

    def fires(self, request: str, now: float) -> bool:
        """Decide for one request, ``METHOD /path``; a hit is counted."""
        if not self._route.fullmatch(request) or not self._open(now):
            return False
        # The dice roll for every request of the route, so that a seed means the same sequence every time.
        if self._dice.random() * 100 >= self.fault.percent:
            return False
        self.hits += 1
        return True

    def delay_s(self) -> float:
        """Return the wait of a latency fault."""
        if not isinstance(self.fault, Latency):
            return 0.0
        jitter_ms = self._dice.uniform(-1, 1) * self.fault.jitter_ms
        return max(0.0, self.fault.delay_ms + jitter_ms) / 1000

    def _open(self, now: float) -> bool:
        fault = self.fault
        begins = self.accepted_at + fault.after_s
        ended = fault.for_s is not None and now >= begins + fault.for_s
        used_up = fault.first is not None and self.hits >= fault.first
        return now >= begins and not ended and not used_up


class Rules:
    """The faults in place, in order of creation; the first that fires wins, latencies add up on the way."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}
        self._hits: dict[str, int] = {}

    def add(self, name: str, fault: HttpFault, lease_s: float, now: float) -> Rule:
        """Put a fault in place; raise KeyError when the name is taken."""
        self.expire(now)
        if name in self._rules:
            raise KeyError(name)
        self._rules[name] = Rule(name, fault, now, now + lease_s)
        return self._rules[name]

    def renew(self, name: str, lease_s: float, now: float) -> Rule:
        """Extend a lease; raise KeyError when the fault is gone."""
        self.expire(now)
        self._rules[name].lease_until = now + lease_s
        return self._rules[name]

    def remove(self, name: str) -> None:
        """Take a fault back; raise KeyError when it is gone."""
        rule = self._rules.pop(name)
        self._hits[name] = self._hits.get(name, 0) + rule.hits

    def clear(self) -> None:
        """Take every fault back."""
        for name in list(self._rules):
            self.remove(name)

    def expire(self, now: float) -> None:
        """Take back what nobody renewed."""
        for rule in list(self._rules.values()):
            if now >= rule.lease_until:
                self.remove(rule.name)

    def active(self, now: float) -> list[Rule]:
        """Return the rules in place."""
        self.expire(now)
        return list(self._rules.values())

    def hits(self) -> dict[str, int]:
        """Return hits by name, of faults that are gone too."""
        live = {rule.name: rule.hits for rule in self._rules.values()}
        return {name: self._hits.get(name, 0) + live.get(name, 0) for name in {**self._hits, **live}}

    def decide(self, method: str, path: str, now: float) -> Decision:
        """Return what happens to one request."""
        if not self._rules:
            return FORWARD
        self.expire(now)
        request, delay_s, delayed_by = f"{method} {path}", 0.0, None
        for rule in self._rules.values():
            if not rule.fires(request, now):
                continue
            if not isinstance(rule.fault, Latency):
                return Decision(delay_s, rule.fault, rule.name)
            delay_s, delayed_by = delay_s + rule.delay_s(), delayed_by or rule.name
        return Decision(delay_s, None, delayed_by) if delayed_by else FORWARD


def route_pattern(route: str) -> re.Pattern[str]:
    """Compile ``METHOD /path``: `*` inside one segment, `**` any tail, `{a,b}` either.

    Raises ValueError for anything else.
    """
    method, _, path = route.partition(" ")
    if not method or not path.startswith("/"):
        raise ValueError(
            f"route {route!r} is not usable: give METHOD /path, for example GET /api/*/threads/**"
        )
    verb = "[A-Z]+" if method == "*" else re.escape(method.upper())
    return re.compile(f"{verb} {_globbed(path)}")


def _globbed(path: str) -> str:
    return "".join(map(_piece, re.split(r"(\*\*|\*|\{[^{}]*\})", path)))


def _piece(text: str) -> str:
    if text.startswith("{") and text.endswith("}"):
        return f"(?:{'|'.join(map(_globbed, text[1:-1].split(',')))})"
    return {"**": ".*", "*": "[^/]*"}.get(text, re.escape(text))
