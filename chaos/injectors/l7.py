"""The HTTP gateway's admin API from a drill's side."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import httpx

from chaos.faults import HttpFault
from chaos.injectors import InjectorError

NOT_FOUND = 404


class Gateway:
    """One gateway; every call ends within `timeout_s` and raises InjectorError naming the address."""

    def __init__(self, admin_url: str, *, timeout_s: float = 2.0) -> None:
        self.url = admin_url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=timeout_s, trust_env=False)

    def apply(self, name: str, fault: HttpFault, lease_s: float = 5.0) -> None:
        """Put a fault in place; it heals itself unless renewed within `lease_s`."""
        body = {"name": name, "kind": fault.kind, "lease_s": lease_s, **asdict(fault)}
        self._call("POST", "/faults", json=body)

    def renew(self, name: str, lease_s: float = 5.0) -> None:
        """Extend the lease."""
        self._call("PATCH", f"/faults/{name}", json={"lease_s": lease_s})

    def heal(self, name: str) -> None:
        """Take a fault back; one that is gone already is fine."""
        self._call("DELETE", f"/faults/{name}", absent_is_fine=True)

    def heal_all(self) -> None:
        """Take every fault back."""
        self._call("DELETE", "/faults")

    def active(self) -> list[str]:
        """Return the names of the faults in place."""
        return [str(fault["name"]) for fault in self._call("GET", "/faults").json()]

    def hits(self, name: str) -> int:
        """Return how many requests a fault has hit, also after it is gone."""
        return int(self._call("GET", "/counters").json()["faults"].get(name, 0))

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the requests numbered above `after`, oldest first."""
        answer = self._call("GET", "/log", params={"after": after})
        return [json.loads(line) for line in answer.text.splitlines()]

    def version(self) -> str:
        """Return the gateway's version."""
        return str(self._call("GET", "/version").json()["version"])

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _call(
        self, method: str, path: str, *, absent_is_fine: bool = False, **options: Any
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise InjectorError(
                f"the gateway at {self.url} does not answer ({type(error).__name__})"
            ) from error
        if answer.is_success or (absent_is_fine and answer.status_code == NOT_FOUND):
            return answer
        raise InjectorError(f"the gateway at {self.url} refuses {method} {path}: {_why(answer)}")


def _why(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
