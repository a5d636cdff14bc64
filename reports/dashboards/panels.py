"""What the dashboard shows: panels as values, in reading order.

Counters appear with their first event, which `increase` cannot see; so what is younger than the window
counts in full (`_new`), as it does in rules.yml.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a panel looks."""

    STAT = "stat"
    LINES = "lines"
    BARS = "bars"
    TABLE = "table"


Steps = tuple[tuple[float, str], ...]
"""From which value on which colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; `queries` are PromQL by legend."""

    title: str
    about: str
    """What it shows, and what to make of it."""
    queries: dict[str, str]
    kind: Kind = Kind.LINES
    unit: str = "short"
    """One of Grafana's: s, reqps, percentunit, ..."""
    steps: Steps = ((0, "green"),)
    colours: dict[str, str] = field(default_factory=dict)
    """By legend; the others are Grafana's choice."""
    words: dict[str, str] = field(default_factory=dict)
    """What to show instead of a value."""


JOB = 'job=~"$job"'
PACE = "$__rate_interval"
TIMEOUT = 'reason="timeout"'
DRILLED = "max(zep_gateway_drilled) > 0"
FIRING = f'ALERTS{{alertname=~"Memory.+",alertstate="firing",{JOB}}}'
MODES = {"read_write": "green", "write_only": "orange", "read_only": "blue", "off": "red"}


def _of(name: str, *matchers: str) -> str:
    return f"{name}{{{','.join((JOB, *matchers))}}}"


def _new(name: str, by: str = "", window: str = "10m") -> str:
    """See rules.yml."""
    one = _of(name)
    known = f"last_over_time({one}[{window}] offset {window})"
    return f"{_sum(by)}(({one} unless {known}) or increase({one}[{window}]))"


def _rate(name: str, *matchers: str, by: str = "", window: str = PACE) -> str:
    return f"{_sum(by)}(rate({_of(name, *matchers)}[{window}]))"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"


def _quantile(share: float, histogram: str, by: str = "le") -> str:
    return f"histogram_quantile({share}, {_rate(f'{histogram}_bucket', by=by)})"


def _latency(histogram: str) -> dict[str, str]:
    return {"p95": _quantile(0.95, histogram), "p50": _quantile(0.5, histogram)}


SEED = (
    Panel(
        title="Memory Mode (Current)",
        about="How many scraped targets are in each mode. Two names for longer than a second: they "
        "disagree, see the shared store. write_only: chats answer without memory, Downgrade Events says why.",
        kind=Kind.STAT,
        queries={"{{mode}}": f"count by (mode) ({_of('memory_mode_gauge')} == 1)"},
        colours=MODES,
    ),
    Panel(
        title="Downgrade Events (10 min)",
        about="How often the fleet was downgraded in the last 10 minutes, by reason. auth: look at the key. "
        "consecutive_failures, latency: look at Zep. manual, rollback: somebody did it.",
        kind=Kind.BARS,
        queries={"{{reason}}": _new("memory_zep_downgrades_total", "reason")},
    ),
    Panel(
        title="Read Health",
        about="Time of reads that went to Zep. They are cut at the deadline (250 ms unless set), so an ill "
        "Zep shows as p95 at the deadline and as timeouts. followed: where an adaptive deadline would be.",
        unit="s",
        queries={
            **_latency("memory_zep_read_latency_seconds"),
            "deadline": f"min({_of('memory_guard_read_deadline_seconds')})",
            "followed": f"min({_of('memory_guard_followed_deadline_seconds')})",
        },
        steps=((0, "green"), (0.25, "yellow"), (0.5, "red")),
    ),
    Panel(
        title="Context Failures",
        about="Contexts that could not be had within the time shown, by reason. client is our own mistake, "
        "the others are Zep or the way to it.",
        kind=Kind.TABLE,
        queries={"": f"sort_desc({_new('memory_zep_context_failures_total', 'reason', '$__range')})"},
    ),
    Panel(
        title="PII Redactions",
        about="Pieces of personal data and secrets replaced before a write, by kind. dropped: a text that "
        "could not be redacted and was not sent. All gone while writes go on: is GUARD_REDACT off?",
        kind=Kind.BARS,
        queries={"{{field_type}}": _new("memory_zep_redactions_total", "field_type")},
    ),
    Panel(
        title="Cache Hit Rate",
        about="Contexts answered from the cache, of all asked for in 10 minutes. A held fleet serves nothing "
        "cached, so it falls with every downgrade. 0 with GUARD_CACHE_S=0.",
        kind=Kind.STAT,
        unit="percentunit",
        queries={
            "hits": f"{_rate('memory_zep_context_cache_hits_total', window='10m')}"
            f" / {_rate('memory_zep_context_requests_total', window='10m')}"
        },
        steps=((0, "red"), (0.4, "yellow"), (0.6, "green")),
    ),
    Panel(
        title="Write Success Rate",
        about="Writes that Zep took, retries included, of those sent in 10 minutes. What was not sent at all "
        "(breaker open, queue full) is under What Was Not Sent.",
        kind=Kind.STAT,
        unit="percentunit",
        queries={
            "taken": f"{_rate('memory_zep_write_success_total', window='10m')}"
            f" / {_rate('memory_zep_write_requests_total', window='10m')}"
        },
        steps=((0, "red"), (0.95, "yellow"), (0.99, "green")),
    ),
    Panel(
        title="Circuit Breaker Opens",
        about="How often a breaker opened in the last 10 minutes. zep: reads, of the whole fleet. zep_write: "
        "writes, each process for itself. Its other steps: half_open is a probe, closed is recovery.",
        kind=Kind.BARS,
        queries={
            "{{component}} opens": _new("circuit_open_total", "component"),
            "{{component}} {{state}}": _new("circuit_events_total", "component, state"),
        },
    ),
    Panel(
        title="Read/Write Request Rate",
        about="What goes to Zep, and how many contexts the application asks for. Contexts without reads: the "
        "cache serves them, or reads are off.",
        unit="reqps",
        queries={
            "contexts asked for": _rate("memory_zep_context_requests_total"),
            "reads sent": _rate("memory_zep_read_requests_total"),
            "writes sent": _rate("memory_zep_write_requests_total"),
        },
    ),
)
"""The nine that were there before the guard, under their names."""

ADDED = (
    Panel(
        title="Reads That Time Out",
        about="Of the reads sent. More than 5 % for 5 minutes is MemoryReadsTimeOut.",
        unit="percentunit",
        queries={
            "timeouts": f"({_rate('memory_zep_read_failures_total', TIMEOUT)} or vector(0))"
            f" / {_rate('memory_zep_read_requests_total')}"
        },
        steps=((0, "green"), (0.05, "red")),
    ),
    Panel(
        title="Failures",
        about="Reads and writes that went to Zep and failed in the last 10 minutes, by reason.",
        kind=Kind.BARS,
        queries={
            "read {{reason}}": _new("memory_zep_read_failures_total", "reason"),
            "write {{reason}}": _new("memory_zep_write_failures_total", "reason"),
        },
    ),
    Panel(
        title="What Was Not Sent",
        about="Reads and writes that the guard kept back in the last 10 minutes, and why: a hold, an open "
        "breaker, a full queue, a thread whose read just timed out.",
        kind=Kind.BARS,
        queries={
            "read {{reason}}": _new("memory_zep_read_skipped_total", "reason"),
            "write {{reason}}": _new("memory_zep_write_skipped_total", "reason"),
        },
    ),
    Panel(
        title="Write Latency",
        about="Time of writes with their retries, at most 1.5 s unless set. No user waits for it.",
        unit="s",
        queries=_latency("memory_zep_write_latency_seconds"),
        steps=((0, "green"), (1, "yellow"), (1.5, "red")),
    ),
    Panel(
        title="Share of Reads",
        about="The worst-off target's share of reads that may go out: 1 open, 0 held or switched off by a "
        "flag, between while it recovers by shares (GUARD_RAMP).",
        unit="percentunit",
        queries={"share": f"min({_of('memory_guard_read_share')})"},
        steps=((0, "red"), (0.01, "yellow"), (1, "green")),
    ),
    Panel(
        title="Stale Contexts and Doubtful Writes (10 min)",
        about="stale: contexts that the last good one stood in for (GUARD_STALE_S). ambiguous: retried "
        "writes that Zep v3 may have stored twice.",
        kind=Kind.BARS,
        queries={
            "stale": _new("memory_zep_context_stale_total"),
            "ambiguous": _new("memory_guard_ambiguous_writes_total"),
        },
    ),
    Panel(
        title="Zep Asks for Patience",
        about="p95 of the Retry-After of Zep's 429s. Reads rest for so long, at most 300 s; empty when Zep "
        "refused nothing.",
        unit="s",
        queries={"{{op}}": _quantile(0.95, "memory_zep_retry_after_seconds", by="op, le")},
        steps=((0, "green"), (60, "yellow"), (300, "red")),
    ),
    Panel(
        title="Shared Store",
        about="Whether every target reaches Redis. Without it each process counts and holds for itself.",
        kind=Kind.STAT,
        queries={"store": f"min({_of('memory_guard_store_up')})"},
        steps=((0, "red"), (1, "green")),
        words={"0": "away", "1": "up"},
    ),
    Panel(
        title="Shadow Decisions (10 min)",
        about="Downgrades that GUARD_AUTO_DOWNGRADE=shadow did not make: what on would have done.",
        kind=Kind.BARS,
        queries={"{{reason}}": _new("memory_guard_shadow_decisions_total", "reason")},
    ),
    Panel(
        title="Outbox: Waiting",
        about="Calls of Zep that wait in the outbox. It grows while Zep is away and shrinks when it is back; "
        "what GUARD_OUTBOX bounds is lost.",
        queries={"waiting": f"max({_of('memory_guard_outbox_depth')})"},
    ),
    Panel(
        title="Outbox: Age of the Oldest",
        about="For how long the oldest call has waited. More than 10 minutes is MemoryOutboxOld.",
        unit="s",
        queries={"oldest": f"max({_of('memory_guard_outbox_oldest_seconds')})"},
        steps=((0, "green"), (600, "red")),
    ),
    Panel(
        title="Outbox: In and Out (10 min)",
        about="Calls put in, taken by Zep, set aside because Zep refuses them (zep-mode --poison), and "
        "dropped: neither Zep nor the outbox took them, they are lost.",
        kind=Kind.BARS,
        queries={
            "queued": _new("memory_guard_outbox_queued_total"),
            "replayed": _new("memory_guard_outbox_replayed_total"),
            "set aside, {{reason}}": _new("memory_guard_outbox_set_aside_total", "reason"),
            "dropped, {{reason}}": _new("memory_guard_outbox_dropped_total", "reason"),
        },
    ),
)
"""What the guard adds."""

PANELS = (*SEED, *ADDED)
