"""The HTTP gateway's admin API from a drill's side."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from chaos.faults import HttpFault
from chaos.injectors import InjectorError, reachable

CONFLICT = 409
GONE = "no fault named"
"""How the gateway's 404 begins; another server's 404 must not pass for a heal."""
T = TypeVar("T")


class TakenError(InjectorError):
    """Somebody else has the right to break what is behind this gateway."""


class Gateway:
    """One gateway; every call ends within `timeout_s` and raises InjectorError naming the address.

    A gateway that is not on loopback asks for GATEWAY_ADMIN_TOKEN, which is read from the environment.
    """

    def __init__(self, admin_url: str, *, timeout_s: float = 2.0) -> None:
        self.url = reachable(admin_url).rstrip("/")
        token = os.environ.get("GATEWAY_ADMIN_TOKEN", "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=self.url, timeout=timeout_s, headers=headers, trust_env=False)

    def apply(self, name: str, fault: HttpFault, lease_s: float = 5.0) -> None:
        """Put a fault in place; it heals itself unless renewed within `lease_s`."""
        body = {"name": name, "kind": fault.kind, "lease_s": lease_s, **asdict(fault)}
        self._call("POST", "/faults", json=body)

    def renew(self, name: str, lease_s: float = 5.0) -> None:
        """Extend the lease."""
        self._call("PATCH", _fault(name), json={"lease_s": lease_s})

    def heal(self, name: str) -> None:
        """Take a fault back; one that is gone already is fine."""
        self._call("DELETE", _fault(name))

    def heal_all(self) -> None:
        """Take every fault back."""
        self._call("DELETE", "/faults")

    def active(self) -> list[str]:
        """Return the names of the faults in place."""
        return self._read("/faults", lambda answer: [str(fault["name"]) for fault in answer.json()])

    def hits(self, name: str) -> int:
        """Return how many requests a fault has hit, also after it is gone."""
        return self._read("/counters", lambda answer: int(answer.json()["faults"].get(name, 0)))

    def seen(self) -> int:
        """Return how many requests have come: the number of the last one."""
        return self._read("/counters", lambda answer: int(answer.json()["requests"]))

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the requests numbered above `after`, oldest first."""
        return self._read(
            f"/log?after={after}",
            lambda answer: [dict(json.loads(line)) for line in answer.text.splitlines()],
        )

    def version(self) -> str:
        """Return the gateway's version."""
        return self._read("/version", lambda answer: str(answer.json()["version"]))

    def take(self, holder: str, lease_s: float) -> None:
        """Take or renew the right to break things here; raises `TakenError` when somebody else has it."""
        self._call("PUT", "/lease", json={"holder": holder, "lease_s": lease_s})

    def give(self, holder: str) -> None:
        """Give it back."""
        self._call("DELETE", "/lease", json={"holder": holder})

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _read(self, path: str, pick: Callable[[httpx.Response], T]) -> T:
        answer = self._call("GET", path)
        try:
            return pick(answer)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise InjectorError(f"what answers at {self.url} is not a gateway's admin API") from error

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = type(error).__name__
            raise InjectorError(f"the gateway at {self.url} does not answer ({why})") from error
        if answer.is_success or (method == "DELETE" and _why(answer).startswith(GONE)):
            return answer
        if path == "/lease" and answer.status_code == CONFLICT:
            raise TakenError(_why(answer))
        raise InjectorError(f"the gateway at {self.url} refuses {method} {path}: {_why(answer)}")


def _fault(name: str) -> str:
    return f"/faults/{quote(name, safe='')}"


def _why(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, LookupError, TypeError):
        return f"status {answer.status_code}"
