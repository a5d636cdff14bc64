"""Every fault as frozen data: what to break, where, how often and for how long.

A fault knows nothing about how it is injected; `chaos.injectors` do.  Field names end in their unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFault:
    """What every fault of the HTTP gateway shares; `route` is ``METHOD /path``, `*` matches inside a segment.

    `percent` is decided per request (not per connection) from `seed`; `first` stops after that many hits;
    `after_s` and `for_s` bound the time window, counted from the moment the fault is accepted.
    """

    kind: ClassVar[str]

    route: str = "* /**"
    percent: float = 100.0
    first: int | None = None
    after_s: float = 0.0
    for_s: float | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(HttpFault):
    """Answer with `code` without asking Zep; the body is Zep's own error body unless `body` is given."""

    kind: ClassVar[str] = "status"

    code: int = 503
    body: str | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(HttpFault):
    """Wait `delay_ms` (plus or minus up to `jitter_ms`) before the request goes upstream."""

    kind: ClassVar[str] = "latency"

    delay_ms: float = 1000.0
    jitter_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang(HttpFault):
    """Take the request and never answer it."""

    kind: ClassVar[str] = "hang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxic:
    """A Toxiproxy toxic on the proxy named `proxy`; `toxicity` is decided per CONNECTION."""

    proxy: str
    type: str
    attributes: dict[str, Any] = field(default_factory=dict)
    stream: str = "downstream"
    toxicity: float = 1.0

    @property
    def kind(self) -> str:
        """The name the journal and the reports use."""
        return self.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """A Toxiproxy proxy switched off: connections are dropped and refused."""

    kind: ClassVar[str] = "down"

    proxy: str


Fault = HttpFault | Toxic | Down
