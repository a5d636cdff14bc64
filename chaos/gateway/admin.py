"""The gateway's admin API: faults in and out, counters, the log."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from http import HTTPStatus
from typing import Any

from chaos.faults import HTTP_FAULTS, Drip, Garbage, HttpFault, Latency, Reset, Status, Truncate
from chaos.gateway import VERSION
from chaos.gateway.answers import GARBAGE
from chaos.gateway.lease import HeldError, Lease
from chaos.gateway.log import Log
from chaos.gateway.rules import Rule, Rules, route_pattern
from chaos.web import Request, Response, bears, error_response, from_browser, json_response

KINDS = {fault.kind: fault for fault in HTTP_FAULTS}
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
OPEN = ("GET", "/metrics")
"""Counts, which Prometheus reads without a token."""
LEASE_S = 5.0
MAX_LEASE_S = 3600.0
MAX_DELAY_MS = 600_000.0
STATUSES = range(200, 600)
"""Final statuses: one below 200 would leave the client waiting for the real one."""
TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}


class Admin:
    """Handles one request of the admin API."""

    def __init__(self, rules: Rules, log: Log, now: Callable[[], float], token: str = "") -> None:
        self._token = token
        self._lease = Lease()
        self._rules = rules
        self._log = log
        self._now = now

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Route a request; every error is ``{"error", "status"}``."""
        if from_browser(request):
            return error_response(HTTPStatus.FORBIDDEN, "browsers may not drive the gateway")
        if not bears(request, self._token) and (request.method, request.path) != OPEN:
            return error_response(HTTPStatus.UNAUTHORIZED, "missing or wrong bearer token")
        try:
            return self._route(request)
        except ValueError as error:
            return error_response(HTTPStatus.BAD_REQUEST, str(error))

    def _route(self, request: Request) -> Response | Awaitable[Response]:
        name = request.path.removeprefix("/faults/") if request.path.startswith("/faults/") else ""
        match request.method, request.path:
            case "GET", "/version":
                return json_response({"version": VERSION})
            case "GET", "/faults":
                return json_response([self._shown(rule) for rule in self._rules.active(self._now())])
            case "POST", "/faults":
                return self._add(_object(request.body))
            case "DELETE", "/faults":
                self._rules.clear()
                return Response(HTTPStatus.NO_CONTENT)
            case "GET", "/counters":
                return json_response(self._counters())
            case "GET", "/metrics":
                return self._metrics()
            case "GET", "/log":
                return self._log_after(_after(request))
            case ("PUT" | "DELETE") as method, "/lease":
                return self._lease_for(method, _object(request.body))
            case ("PATCH" | "DELETE") as method, _ if name:
                return self._remove(name) if method == "DELETE" else self._renew(name, _object(request.body))
        return error_response(HTTPStatus.NOT_FOUND, f"no {request.method} {request.path} here")

    async def _log_after(self, n: int) -> Response:
        return Response(200, await self._log.after(n), {"Content-Type": "application/x-ndjson"})

    def _add(self, body: dict[str, Any]) -> Response:
        name, lease_s = body.pop("name", None), _lease_s(body.pop("lease_s", LEASE_S))
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError("missing or unusable name: up to 100 letters, digits, '.', '_' and '-'")
        try:
            rule = self._rules.add(name, parse_fault(body), lease_s, self._now())
        except KeyError:
            return error_response(HTTPStatus.CONFLICT, f"a fault named {name!r} is in place already")
        return json_response(self._shown(rule), HTTPStatus.CREATED)

    def _renew(self, name: str, body: dict[str, Any]) -> Response:
        try:
            rule = self._rules.renew(name, _lease_s(body.get("lease_s", LEASE_S)), self._now())
        except KeyError:
            return _no_fault(name)
        return json_response(self._shown(rule))

    def _remove(self, name: str) -> Response:
        try:
            self._rules.remove(name)
        except KeyError:
            return _no_fault(name)
        return Response(HTTPStatus.NO_CONTENT)

    def _lease_for(self, method: str, body: dict[str, Any]) -> Response:
        """``{"holder", "lease_s"}``: take or renew the right to break things here, or give it back."""
        holder = body.get("holder")
        if not isinstance(holder, str) or not NAME.fullmatch(holder):
            raise ValueError("missing or unusable holder: up to 100 letters, digits, '.', '_' and '-'")
        if method == "DELETE":
            self._lease.give(holder)
            return Response(HTTPStatus.NO_CONTENT)
        try:
            self._lease.take(holder, _lease_s(body.get("lease_s", LEASE_S)), self._now())
        except HeldError as error:
            return error_response(HTTPStatus.CONFLICT, str(error))
        return json_response({"holder": holder})

    def _metrics(self) -> Response:
        from chaos.gateway.metrics import exposition  # noqa: PLC0415 - prometheus_client would delay the start

        drilled = self._lease.held(self._now())
        text = exposition(self._log.total, self._rules.hits(), drilled=drilled)
        return Response(200, text, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _shown(self, rule: Rule) -> dict[str, Any]:
        lease_s = round(rule.lease_until - self._now(), 3)
        about = {"name": rule.name, "kind": rule.fault.kind, "lease_s": lease_s, "hits": rule.hits}
        return {**about, **asdict(rule.fault)}

    def _counters(self) -> dict[str, Any]:
        return {
            "requests": self._log.total,
            "status": dict(self._log.statuses),
            "routes": dict(self._log.routes),
            "faults": self._rules.hits(),
        }


def parse_fault(body: dict[str, Any]) -> HttpFault:
    """Turn JSON into a fault; raise ValueError that names the field."""
    kind = KINDS.get(str(body.pop("kind", None)))
    if kind is None:
        raise ValueError(f"unknown or missing kind: use one of {', '.join(sorted(KINDS))}")
    known = {f.name: f for f in fields(kind)}
    for name, value in body.items():
        if name not in known:
            raise ValueError(f"{kind.kind} has no field {name!r}: it has {', '.join(known)}")
        if not _fits(value, str(known[name].type)):
            raise ValueError(f"{name} must be {known[name].type}, not {value!r}")
    fault = kind(**body)
    _check(fault)
    return fault


def _check(fault: HttpFault) -> None:
    route_pattern(fault.route)
    limits = [
        (0 <= fault.percent <= 100, "percent must be from 0 to 100"),  # noqa: PLR2004 - per cent
        (fault.first is None or fault.first > 0, "first must be above 0"),
        (
            fault.after_s >= 0 and (fault.for_s is None or fault.for_s > 0),
            "after_s and for_s cannot be negative",
        ),
    ]
    if isinstance(fault, Status):
        wait_s = fault.retry_after_s
        limits.append((fault.code in STATUSES, "code must be a final HTTP status, from 200 to 599"))
        limits.append((wait_s is None or 0 <= wait_s <= MAX_LEASE_S, f"retry_after_s: 0 to {MAX_LEASE_S:g}"))
    if isinstance(fault, Latency):
        limits.append((0 <= fault.delay_ms <= MAX_DELAY_MS, f"delay_ms must be from 0 to {MAX_DELAY_MS:g}"))
        limits.append((0 <= fault.jitter_ms <= MAX_DELAY_MS, f"jitter_ms must be from 0 to {MAX_DELAY_MS:g}"))
    if isinstance(fault, Garbage):
        limits.append((fault.variant in GARBAGE, f"variant must be one of {', '.join(GARBAGE)}"))
    if isinstance(fault, (Truncate, Reset)):
        limits.append((fault.after_bytes >= 0, "after_bytes cannot be negative"))
    if isinstance(fault, Drip):
        limits.append(
            (0 < fault.every_ms <= MAX_DELAY_MS, f"every_ms must be above 0, up to {MAX_DELAY_MS:g}")
        )
        limits.append((fault.chunk_bytes > 0, "chunk_bytes must be above 0"))
    for holds, complaint in limits:
        if not holds:
            raise ValueError(complaint)


def _fits(value: object, annotation: str) -> bool:
    """Tell whether JSON's value fits `str`, `int`, `float`, or one of them or None."""
    if value is None:
        return annotation.endswith("| None")
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return False
    return isinstance(value, TYPES[annotation.removesuffix(" | None")])


def _object(body: bytes) -> dict[str, Any]:
    parsed = json.loads(body or b"{}")  # a JSONDecodeError is a ValueError
    if not isinstance(parsed, dict):
        raise ValueError("send a JSON object")  # noqa: TRY004 - the caller's input, not a programmer's type
    return parsed


def _lease_s(raw: object) -> float:
    if not isinstance(raw, (int, float)) or isinstance(raw, bool) or not 0 < raw <= MAX_LEASE_S:
        raise ValueError(f"lease_s must be seconds above 0 and up to {MAX_LEASE_S:g}")
    return float(raw)


def _after(request: Request) -> int:
    raw = request.query.get("after", "0")
    if not raw.isdecimal():
        raise ValueError("after must be a number")
    return int(raw)


def _no_fault(name: str) -> Response:
    return error_response(HTTPStatus.NOT_FOUND, f"no fault named {name!r} is in place")
