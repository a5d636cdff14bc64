"""The Zep double's key, taken back and given again."""

from __future__ import annotations

import httpx

from chaos.injectors import InjectorError, reachable


class Double:
    """A Zep double reached directly.  Every method raises `InjectorError`, one line."""

    def __init__(self, url: str, *, timeout_s: float = 2.0) -> None:
        self.url = reachable(url).rstrip("/")
        self._timeout_s = timeout_s

    def reject_keys(self) -> None:
        self._call("PUT")

    def accept_keys(self) -> None:
        self._call("DELETE")

    def rejects_keys(self) -> bool:
        return self._call("GET")

    def _call(self, method: str) -> bool:
        with httpx.Client(timeout=self._timeout_s, trust_env=False) as client:
            try:
                answer = client.request(method, f"{self.url}/_double/rejecting")
                return bool(answer.raise_for_status().json()["rejecting"])
            except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
                raise InjectorError(f"no Zep double answers at {self.url}") from error
