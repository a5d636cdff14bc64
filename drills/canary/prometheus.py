"""Ask Prometheus: one value at a time, or a value over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx

TIMEOUT_S = 30.0
"""Queries over an hour of many workers take seconds."""


class Source(Protocol):
    """What can be asked; times are seconds since the epoch."""

    def value(self, query: str, at: float) -> float | None:
        """Return the one value of a query; None when there is none."""

    def points(self, query: str, begin: float, end: float, step_s: float) -> list[float]:
        """Return the values from `begin` to `end`; those that are missing are left out."""


class UnreachableError(Exception):
    """Prometheus does not answer, for now."""


class RefusedError(Exception):
    """Prometheus will not answer this, now or later: the query or the access is wrong."""


def masked(url: str) -> str:
    """Return an address that can be shown: without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"***@{host}" if "@" in parts.netloc else host, query=""))


class Prometheus:
    """Prometheus' HTTP API.  Raises ValueError for what is no address."""

    def __init__(self, url: str, token: str = "") -> None:
        self._shown = masked(url)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)
        except httpx.InvalidURL as error:
            raise ValueError(f"{self._shown} is no address: {type(error).__name__}") from error

    def close(self) -> None:
        self._client.close()

    def value(self, query: str, at: float) -> float | None:
        """See `Source`.  Raises `UnreachableError` and `RefusedError`."""
        data = self._ask("query", {"query": query, "time": at})
        if data["resultType"] == "scalar":
            return _finite(data["result"])
        series = _at_most_one(data["result"], query)
        return _finite(series["value"]) if series else None

    def points(self, query: str, begin: float, end: float, step_s: float) -> list[float]:
        """See `Source`.  Raises `UnreachableError` and `RefusedError`."""
        asked = {"query": query, "start": begin, "end": end, "step": step_s}
        series = _at_most_one(self._ask("query_range", asked)["result"], query)
        found = [_finite(point) for point in series["values"]] if series else []
        return [value for value in found if value is not None]

    def _ask(self, what: str, form: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.post(f"api/v1/{what}", data=dict(form))
        except httpx.HTTPError as error:
            raise UnreachableError(f"{self._shown} does not answer: {type(error).__name__}") from error
        content = _json(answer)
        if answer.is_success and isinstance(content.get("data"), dict):
            return dict(content["data"])
        told = f"{self._shown} answers {answer.status_code}: {_first_line(content)}"
        if answer.is_client_error:
            raise RefusedError(told)
        raise UnreachableError(told)


def _json(answer: httpx.Response) -> dict[str, Any]:
    """Return what an answer says; nothing when it is not Prometheus that answers."""
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _at_most_one(result: list[dict[str, Any]], query: str) -> dict[str, Any] | None:
    if len(result) > 1:
        raise RefusedError(f"{len(result)} series where one is wanted: aggregate with sum or max: {query}")
    return result[0] if result else None


def _finite(point: list[Any]) -> float | None:
    value = float(point[1])
    return value if math.isfinite(value) else None


def _first_line(content: Mapping[str, Any]) -> str:
    return str(content.get("error", "without an answer of Prometheus")).partition("\n")[0]
