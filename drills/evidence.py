"""What a drill's journal lines say, before anybody judges it.  Pure; all times are seconds of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

READ_WRITE = "read_write"
DEGRADED = ("write_only", "off")
SETTLED_S = 0.1
"""After the first sign of a downgrade every worker must know: a push takes about 1 ms, 22 ms when busy."""
KILLS = ("kill", "restart")
PROBING_S = 0.5
"""A probe's 150 ms on an open connection, and a busy machine."""
HOLD_SLACK = 0.9
"""Two clocks and a network stand between a hold and what we see of it."""
OK = 200
OUTBOX_DEPTH = "memory_guard_outbox_depth"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One chat request; `end` is when its answer came."""

    start: float
    end: float
    ms: float
    status: int | None
    worker: str | None
    mode: str | None
    source: str | None
    used: bool
    reason: str | None

    @property
    def degraded(self) -> bool:
        return self.mode in DEGRADED


@dataclass(frozen=True, slots=True)
class Upstream:
    """One request of the target as the gateway logged it."""

    t: float
    done: float
    op: str
    status: int | None
    fault: str | None


class Evidence:
    """One drill's lines, in any order."""

    def __init__(self, lines: Sequence[Line], hold_s: float, lease_s: float = 10.0) -> None:
        self.hold_s = hold_s
        self.lease_s = lease_s
        self._lines = sorted(lines, key=lambda line: float(line.get("t", 0.0)))

    def of(self, kind: str) -> Iterator[Line]:
        return (line for line in self._lines if line.get("kind") == kind)

    def first(self, kind: str, **fields: Any) -> Line | None:
        found = (line for line in self.of(kind) if all(line.get(k) == v for k, v in fields.items()))
        return next(found, None)

    def at(self, kind: str, **fields: Any) -> float | None:
        line = self.first(kind, **fields)
        return None if line is None else float(line["t"])

    # what users saw

    @cached_property
    def answers(self) -> list[Answer]:
        return [_answer(line) for line in self.of("request")]

    @cached_property
    def workers(self) -> list[str]:
        return sorted({a.worker for a in self.answers if a.worker})

    # the fault

    @cached_property
    def applied_at(self) -> float | None:
        return self.at("fault_applied")

    @cached_property
    def healed_at(self) -> float | None:
        return max((float(line["t"]) for line in self.of("fault_healed")), default=None)

    @cached_property
    def confirmed(self) -> list[float]:
        """When faults that touch no request were seen to be in force."""
        return [float(line["t"]) for line in self.of("fault_hit") if "layer" in line]

    @cached_property
    def forced_at(self) -> float | None:
        """When an operator forced a mode."""
        return self.at("fault_applied", layer="operator")

    @cached_property
    def hits(self) -> list[float]:
        """When faulted requests arrived.

        The gateway names the fault it answered with; a status that was meant to be sent and was not is no
        hit.  A fault below HTTP leaves no name: there every read that travelled the broken link counts, and
        where nothing travels any more every answer whose read got nothing.
        """
        return [u.t for u in self.upstream if self._hit_by(u)] or self._felt()

    def _felt(self) -> list[float]:
        if self.link_fault is None or self.applied_at is None:
            return []
        until = self.healed_at if self.healed_at is not None else float("inf")
        asked = (a for a in self.answers if a.source == "zep" and not a.used)
        return [a.start for a in asked if self.applied_at <= a.end and a.start < until]

    @cached_property
    def first_hits(self) -> dict[str, float]:
        """When each fault hit for the first time, by its name."""
        found: dict[str, float] = {}
        for seen in self.upstream:
            name = self._hit_by(seen)
            if name:
                found.setdefault(name, seen.t)
        return found

    def _hit_by(self, seen: Upstream) -> str | None:
        if seen.fault in self._ours and self._ours[seen.fault] in (None, seen.status):
            return seen.fault
        return self.link_fault if seen.op == "read" and self._on_broken_link(seen) else None

    @cached_property
    def _ours(self) -> dict[str | None, int | None]:
        """Our faults by name, with the status that each must answer (None: any, or none)."""
        return {line["name"]: line.get("params", {}).get("code") for line in self.of("fault_armed")}

    @cached_property
    def link_fault(self) -> str | None:
        """The name of the fault below HTTP, where there is one."""
        line = self.first("fault_applied", broken_link=True)
        return None if line is None else str(line["name"])

    def _on_broken_link(self, seen: Upstream) -> bool:
        """Between arming and the word that it is applied a fault takes effect: who failed then met it."""
        kind = "fault_applied" if fine(seen.status) else "fault_armed"
        began = self.at(kind, broken_link=True)
        if began is None:
            return False
        return began <= seen.t and (self.healed_at is None or seen.t < self.healed_at)

    # what reached Zep's side

    @cached_property
    def upstream(self) -> list[Upstream]:
        """Reads, writes and probes in the order of arrival."""
        lines = [*self.of("upstream"), *self.of("probe")]
        return sorted((_upstream(line) for line in lines), key=lambda u: u.t)

    @cached_property
    def probes(self) -> list[Upstream]:
        return [u for u in self.upstream if u.op == "probe" and self.degraded_at <= u.t]

    # the downgrade and the way back

    @cached_property
    def degraded_at(self) -> float:
        """When the first answer told of a degraded mode; infinity when none did."""
        since = self.applied_at if self.applied_at is not None else float("inf")
        return min((a.end for a in self.answers if a.degraded and a.end >= since), default=float("inf"))

    @property
    def degraded(self) -> bool:
        return self.degraded_at < float("inf")

    @cached_property
    def failed_probes(self) -> list[Upstream]:
        return [p for p in self.probes if not self._succeeded(p) and p not in self.dead_probes]

    @cached_property
    def dead_probes(self) -> list[Upstream]:
        """Probes without an answer whose process was killed meanwhile: nobody noted how they ended."""
        applied = self.of("fault_applied")
        killed = [float(line["t"]) for line in applied if line.get("fault") in KILLS]
        silent = [p for p in self.probes if p.status is None]
        return [p for p in silent if any(p.t <= t <= p.t + PROBING_S for t in killed)]

    def _succeeded(self, probe: Upstream) -> bool:
        return fine(probe.status) and not self._on_broken_link(probe)

    @cached_property
    def possible_at(self) -> float:
        """When recovery became possible: healed, and the last hold over.

        A failed probe begins a hold of its own, a dead prober keeps its lease.
        """
        held_at = max((p.done for p in self.failed_probes), default=self.degraded_at)
        leased_until = max((p.t + self.lease_s for p in self.dead_probes), default=0.0)
        healed_at = self.healed_at if self.healed_at is not None else float("inf")
        return max(healed_at, held_at + self.hold_s, leased_until)

    @cached_property
    def window_end(self) -> float:
        """Until when reads must stay away: the first successful probe, or the end of the hold without one.

        A force ends somewhere in the command that clears it.
        """
        healing_at = self.at("phase", phase="heal")
        if self.forced_at is not None and healing_at is not None:
            return healing_at
        return min((p.t for p in self.probes if self._succeeded(p)), default=self.possible_at)

    @cached_property
    def asked_while_degraded(self) -> list[Answer]:
        """To questions asked after the downgrade had settled and before reads could come back."""
        begin = self.degraded_at + SETTLED_S
        return [a for a in self.answers if begin < a.start < self.window_end]

    @cached_property
    def while_degraded(self) -> list[Answer]:
        """Those of them that came before reads could come back: no excuse for another mode."""
        return [a for a in self.asked_while_degraded if a.end < self.window_end]

    @cached_property
    def after(self) -> list[Answer]:
        """Answers from the moment on that reads could come back."""
        return [a for a in self.answers if a.end >= self.window_end and a.start > self.degraded_at]

    @cached_property
    def while_broken(self) -> list[Answer]:
        """Answers to questions asked between the fault and its heal."""
        begin = self.applied_at if self.applied_at is not None else float("inf")
        end = self.healed_at if self.healed_at is not None else float("inf")
        return [a for a in self.answers if begin <= a.start < end]

    def downgrades(self) -> int:
        """Return how often a worker stepped down; the worker with the most counts."""
        stepped = [line for line in self.of("mode") if line.get("mode") in DEGRADED]
        counts = Counter(line.get("worker") for line in stepped)
        return max(counts.values(), default=0)

    @cached_property
    def restored_at(self) -> float | None:
        return min((a.end for a in self.after if a.mode == READ_WRITE), default=None)

    def lapses(self) -> list[int]:
        """Return how many probes each lapse of a hold saw."""
        counts: list[int] = []
        held_at = self.degraded_at
        for probe in self.probes:
            if not counts or probe.t > held_at + self.hold_s * HOLD_SLACK:
                counts.append(0)
                held_at = probe.done
            counts[-1] += 1
        return counts

    def metrics(self, at: str) -> dict[str, float] | None:
        line = next((m for m in self.of("metrics") if m.get("at") == at), None)
        return None if line is None else dict(line["values"])

    @cached_property
    def depths(self) -> list[tuple[float, float]]:
        """How many writes waited in the outbox, and when."""
        looked = (line for line in self.of("metrics") if line.get("at") == "depth")
        return [(float(line["t"]), float(line["values"][OUTBOX_DEPTH])) for line in looked]


def _answer(line: Line) -> Answer:
    start, ms = float(line["t"]), float(line["ms"])
    return Answer(
        start=start,
        end=start + ms / 1000,
        ms=ms,
        status=line.get("status"),
        worker=line.get("worker"),
        mode=line.get("mode"),
        source=line.get("source"),
        used=bool(line.get("used")),
        reason=line.get("reason"),
    )


def _upstream(line: Line) -> Upstream:
    op = "probe" if line["kind"] == "probe" else str(line["op"])
    t = float(line["t"])
    return Upstream(
        t=t,
        done=t + float(line.get("ms") or 0) / 1000,
        op=op,
        status=line.get("status"),
        fault=line.get("fault"),
    )


def fine(status: int | None) -> bool:
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - HTTP's own classes
