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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFault:
    """What happens to a `process` of the stack: worker, workers, redis, zep, gateway."""

    kind: ClassVar[str]

    process: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill(ProcessFault):
    """SIGKILL; healed by starting it again at the same address (a worker's own server does that)."""

    kind: ClassVar[str] = "kill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(ProcessFault):
    """SIGSTOP: connections stay open and nothing answers; healed by SIGCONT."""

    kind: ClassVar[str] = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(ProcessFault):
    """SIGKILL, and started again at once; what it had only in memory is lost."""

    kind: ClassVar[str] = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockShift(ProcessFault):
    """The wall clock of a worker jumps by `offset_s`, its monotonic clock does not (libfaketime)."""

    kind: ClassVar[str] = "clock_shift"

    offset_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFault:
    """What happens inside Redis; what happens on the way to it are toxics of its proxy."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnly(RedisFault):
    """Writes are refused with READONLY, as after a failover that clients did not follow."""

    kind: ClassVar[str] = "readonly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Full(RedisFault):
    """Writes are refused with OOM: memory is used up and nothing may be evicted."""

    kind: ClassVar[str] = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading(RedisFault):
    """Everything is refused with LOADING for about `for_s`, as after a start with much data."""

    kind: ClassVar[str] = "loading"

    for_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flushed(RedisFault):
    """Every key of the database is gone; nothing brings them back."""

    kind: ClassVar[str] = "flushed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover(RedisFault):
    """The server dies and a replica is promoted behind the same address; healed by failing back."""

    kind: ClassVar[str] = "failover"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRejected:
    """Zep accepts no key any more: ours was rotated away; healed by rotating it back."""

    kind: ClassVar[str] = "key_rejected"


PROCESS_FAULTS: tuple[type[ProcessFault], ...] = (Kill, Pause, Restart, ClockShift)
REDIS_FAULTS: tuple[type[RedisFault], ...] = (ReadOnly, Full, Loading, Flushed, Failover)

Fault = HttpFault | Toxic | Down | ProcessFault | RedisFault | KeyRejected
