"""What the target sent to Zep during a drill: the fault gateway's log, from a mark on."""

from __future__ import annotations

from typing import Any, Self

from chaos.injectors import InjectorError
from chaos.injectors.l7 import Gateway
from drills.evidence import Evidence, fine
from drills.history import History, lines_of

Entry = dict[str, Any]
OPERATIONS = {
    ("GET", "context"): "read",
    ("POST", "messages"): "write",
    ("GET", "memory"): "read",  # a self-hosted server's
    ("POST", "memory"): "write",
}
"""By method and the path's last word."""


class Sent:
    """The requests that came after `mark`; without a gateway, or one that cannot tell, there are none."""

    def __init__(self, gateway: Gateway | None, mark: int | None) -> None:
        self._gateway = gateway
        self._mark = mark

    @classmethod
    def from_now(cls, gateway: Gateway | None) -> Self:
        """Begin at the last request so far."""
        if gateway is None:
            return cls(None, None)
        try:
            mark = gateway.seen()
        except InjectorError:
            return cls(None, None)  # the sweep that follows says so
        return cls(gateway, mark)

    def again(self) -> Self:
        """Return another one that begins now."""
        return type(self).from_now(self._gateway)

    def entries(self) -> list[Entry]:
        """Raises `InjectorError`."""
        if self._gateway is None or self._mark is None:
            return []
        return self._gateway.log(after=self._mark)

    def probing(self) -> bool:
        """Tell whether a probe is under way."""
        return any(entry["probe"] and entry["status"] is None for entry in self.entries())

    def wrote(self) -> bool:
        """Tell whether Zep took a message."""
        return any(operation(e["method"], e["path"]) == "write" and fine(e["status"]) for e in self.entries())

    def journal(self, history: History, drill: str, hold_s: float) -> None:
        """Write all of it down, and when each fault hit for the first time."""
        try:
            entries = self.entries()
        except InjectorError as error:
            history.write("note", drill=drill, text=str(error))
            return
        for entry in entries:
            _write(history, drill, entry)
        for name, at in Evidence(lines_of(history.path, drill), hold_s).first_hits.items():
            history.write("fault_hit", when=at, drill=drill, name=name)


def operation(method: str, path: str) -> str:
    """Tell a read of context and a write of messages from the rest of Zep's API."""
    end = path.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return OPERATIONS.get((method, end), "other")


def _write(history: History, drill: str, entry: Entry) -> None:
    done = entry.get("done")
    fields = {
        "status": entry["status"],
        "fault": entry["fault"],
        "ms": None if done is None else round((done - entry["t"]) * 1000, 2),
    }
    at = entry["t"] - history.t0
    if entry["probe"]:
        history.write("probe", when=at, drill=drill, **fields)
    else:
        op = operation(entry["method"], entry["path"])
        history.write("upstream", when=at, drill=drill, op=op, **fields)
