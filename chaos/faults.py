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

    @property
    def shapes(self) -> bool:
        """Whether Zep is asked, and its own answer spoiled on the way; else Zep never sees the request."""
        return False


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
class Garbage(HttpFault):
    """Answer 200 with what no Zep says; `variant`: html, invalid_json, wrong_shape or empty."""

    kind: ClassVar[str] = "garbage"

    variant: str = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(HttpFault):
    """Take the request and close the connection cleanly, without an answer."""

    kind: ClassVar[str] = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(HttpFault):
    """Reset the connection (RST), kept-open ones too: without an answer, or `after_bytes` of Zep's body."""

    kind: ClassVar[str] = "reset"

    after_bytes: int = 0

    @property
    def shapes(self) -> bool:
        return self.after_bytes > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(HttpFault):
    """Close the connection cleanly after `after_bytes` of the body that Zep's headers promise."""

    kind: ClassVar[str] = "truncate"

    after_bytes: int = 5

    @property
    def shapes(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip(HttpFault):
    """Hand Zep's body on `chunk_bytes` at a time, every `every_ms`: no single socket operation is slow."""

    kind: ClassVar[str] = "drip"

    every_ms: float = 100.0
    chunk_bytes: int = 1

    @property
    def shapes(self) -> bool:
        return True


HTTP_FAULTS: tuple[type[HttpFault], ...] = (Status, Latency, Hang, Drip, Truncate, Reset, Garbage, Close)


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
