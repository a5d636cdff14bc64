"""A drill is a value: what to break, what must follow, why anybody should care.

Three kinds: after an `Outage` the guard must step aside and come back by itself, through a `Storm` it must
stay (or switch no more often than stated), a `Dialogue` tells step by step what a user and an operator do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaos.faults import Down, HttpFault, KeyRejected, ProcessFault, RedisFault, Toxic
from chaos.faults import Fault as Injected

CONTEXT_READ = "GET /api/*/{threads/*/context,sessions/*/memory}"
"""The route of reads, in every version of Zep's API."""
MESSAGE_WRITE = "POST /api/*/{threads/*/messages,sessions/*/memory}"
"""The route of writes, in every version of Zep's API."""
ZEP, REDIS = "zep", "redis"
"""Proxies as a drill names them; the runner puts in the target's own names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """What an operator does by hand: `--force REASON --ttl S --mode MODE`; healed by `--clear`."""

    kind: ClassVar[str] = "forced"

    reason: str = "manual"
    mode: str = "write_only"
    ttl_s: float = 600.0


Fault = Injected | Forced


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Somebody must be paged while it is broken, and the page must end once reads are back."""

    alert: str
    """The rule's name; empty: nobody may be paged at all."""
    severity: str = "critical"
    within_s: float = 5.0
    """From the fault's first hit; with the rules at drill speed, 180 times as fast as in production."""


NOBODY = Pages(alert="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What every drill has."""

    name: str
    title: str
    why: str
    """One sentence for the engineer on call."""
    faults: tuple[Fault, ...] = ()
    rate: float | None = None
    """Chat requests a second; None: what the run was told, 50 unless otherwise."""
    tolerates: int = 0
    """User errors that the fault itself causes: requests under way in a process that is killed."""
    variant: str = ""
    """Asks for an application that is set up otherwise: `cached`, with its context cache on (the others want
    every turn to read Zep), `outbox`, which keeps what Zep does not take, `stale`, which answers an outage
    from what it knew, `gentle`, where reads come back by shares, `impatient`, which steps aside from slow
    reads, `adaptive`, whose read deadline follows how fast Zep is, `paged`, which a Prometheus and an
    Alertmanager watch, or `clocked`, whose wall clock can be
    shifted (libfaketime: 4x the CPU)."""
    pages: Pages | None = None
    """Who is paged, judged where the target has a pager; None: not asked."""
    about_s: float = 7.0
    """What the drill takes, for lists; with a hold of 2 s."""

    @property
    def everything(self) -> tuple[Fault, ...]:
        """Every fault that it may apply."""
        return self.faults

    @property
    def blast_radius(self) -> str:
        """What it breaks, in a word or two, for lists."""
        return ", ".join(dict.fromkeys(_part(fault) for fault in self.everything)) or "nothing"

    @property
    def restarts(self) -> bool:
        """Whether processes come and go: answers of those that went are no evidence of those that are."""
        return any(isinstance(fault, ProcessFault) for fault in self.everything)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage(Drill):
    """Break with `faults`; once the downgrade is seen, `deepen` keeps things broken until the heal.

    So `faults` can be exactly as many bad answers as must suffice: a guard that needs more never trips.
    """

    reason: str
    """The reason that the guard must give for the downgrade."""
    mode: str = "write_only"
    """The mode it must step down to."""
    deepen: tuple[Fault, ...] = ()
    at_probe: tuple[Fault, ...] = ()
    """Applied while the first probe is under way."""
    needs_failures: int = 1
    """Failed reads after which the guard must have downgraded."""
    reads_fail: bool = True
    """Whether the fault makes reads fail; a slow one may only bring the guard to step aside."""
    hold_s: float | None = None
    """How long this downgrade is held; None: as the target is configured.  0: until somebody clears it."""
    hold_again: bool = False
    """The fault outlives the first probe: expect another hold, reason ``probe_failed``."""
    writes_stored: bool = True
    """Whether Zep can take writes while the fault is in place."""
    alone: bool = False
    """Redis is gone: every process steps aside by its own failures, and probes for itself."""
    deadline_below_ms: float | None = None
    """The guard learns from healthy reads: break when its read deadline has fallen below this."""
    degraded_s: float = 0.5
    """How long to watch the degraded state at least before healing; keep it well below the hold."""

    @property
    def everything(self) -> tuple[Fault, ...]:
        return (*self.faults, *self.deepen, *self.at_probe)

    @property
    def by_hand(self) -> bool:
        """Whether an operator does it: no bad answer precedes it, no probe ends it."""
        return any(isinstance(fault, Forced) for fault in self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm(Drill):
    """Break with `faults` for `watch_s`: the guard must stay in read_write, or switch as stated."""

    watch_s: float = 1.5
    downgrades: int = 0
    """At most so many; 0: it must not trip."""
    by_log: bool = False
    """It must trip when, and only when, the gateway's log shows three failures in a row."""
    memory_used: bool = True
    """Whether users get memory with their answers meanwhile."""
    writes_fail: bool = False
    """Zep refuses writes: they must be counted, the write breaker must open and writes come back."""
    emptied_s: float | None = None
    """The guard has an outbox: so many seconds after the heal it must be empty, and nothing be lost."""
    hits: int = 10
    """Requests that the fault must hit before anything is concluded."""
    about_s: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One chat turn of one user; what is stated must hold of its answer.

    The application writes in the background, so an answer may be too early for what was said before:
    with `within_s` the turn is repeated until the answer is as stated.
    """

    text: str
    check: str = ""
    """The name of the check; empty: nothing is asked of the answer but that it comes."""
    used: bool | None = None
    cached: bool | None = None
    source: str | None = None
    reason: str | None = None
    below_ms: float | None = None
    within_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operate:
    """An operator's command; ``{thread}`` stands for the thread of the dialogue."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Apply a fault; healed at the end at the latest."""

    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """Heal every fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookIntoZep:
    """Read what Zep stored, the application's logs and its metrics: no secret, but `placeholders`."""

    secrets: tuple[str, ...]
    placeholders: tuple[str, ...] = ()
    within_s: float = 3.0


Step = Say | Operate | Break | Mend | LookIntoZep


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue(Drill):
    """Steps one after the other, on a thread of their own, with no other load."""

    script: tuple[Step, ...]
    about_s: float = 3.0

    @property
    def everything(self) -> tuple[Fault, ...]:
        return (*self.faults, *(step.fault for step in self.script if isinstance(step, Break)))


def _part(fault: Fault) -> str:
    """The part of the system that a fault is felt in."""
    match fault:
        case ProcessFault():
            return {"worker": "one worker", "workers": "all workers"}.get(
                fault.process.rpartition("/")[2], fault.process
            )
        case RedisFault():
            return "Redis"
        case Toxic() | Down():
            return "the way to " + {REDIS: "Redis", ZEP: "Zep"}.get(fault.proxy, fault.proxy)
        case HttpFault():
            return {CONTEXT_READ: "reads", MESSAGE_WRITE: "writes"}.get(fault.route, "reads and writes")
        case KeyRejected():
            return "Zep's key"
        case Forced():
            return "the mode"
