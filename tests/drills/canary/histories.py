"""Histories of a rollout as OpenMetrics text: tracks of workers, told apart by job, scraped every 15 s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

END = 1_767_232_800
"""2026-01-01T02:00:00Z; a history is two hours long."""
SCRAPE_S = 15
SCRAPES = 480
CALLS = 100
"""Of each sort, between two scrapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Shares of calls; what is bad begins `last_s` before the end."""

    slow: float = 0.0
    """Reads of 250 to 500 ms."""
    timeouts: float = 0.0
    context_failures: float = 0.0
    hits: float = 0.7
    write_failures: float = 0.01
    write_skips: float = 0.0
    downgrade: str = ""
    """The reason of a single one, half an hour before the end."""
    breaker_opens: bool = False
    missed: int = 0
    """Every so manieth scrape fails; 0: none."""
    calls: int = CALLS
    last_s: int = SCRAPES * SCRAPE_S
    labels: str = ""
    silent: bool = False


GOOD = Behaviour()
HISTORIES: dict[str, Behaviour] = {
    "good": GOOD,
    "a_little_worse": replace(GOOD, write_failures=0.011),
    "more_errors": replace(GOOD, write_failures=0.019),
    "slow_reads": replace(GOOD, slow=0.055),
    "timeouts": replace(GOOD, timeouts=0.06),
    "auth_downgrade": replace(GOOD, downgrade="auth"),
    "manual_downgrade": replace(GOOD, downgrade="manual"),
    "few_hits": replace(GOOD, hits=0.5),
    "missed_scrapes": replace(GOOD, missed=10),
    "quiet": replace(GOOD, calls=0),
    "gone": replace(GOOD, silent=True),
    "rollback_read_p95": replace(GOOD, slow=0.2, last_s=1200),
    "rollback_context_failures": replace(GOOD, context_failures=0.15, last_s=900),
    "rollback_write_breaker": replace(GOOD, write_skips=0.1, last_s=900),
    "rollback_errors_doubled": replace(GOOD, write_failures=0.05),
    "short_read_p95": replace(GOOD, slow=0.2, last_s=480),
    "short_context_failures": replace(GOOD, context_failures=0.15, last_s=300),
    "short_write_breaker": replace(GOOD, write_skips=0.1, last_s=300),
    "dark_good": replace(GOOD, write_failures=0.0),
    "dark_write_failures": replace(GOOD, write_failures=0.02),
    "dark_breaker": replace(GOOD, write_failures=0.0, breaker_opens=True),
    "dark_missed_scrapes": replace(GOOD, write_failures=0.0, missed=10),
    "dark_downgrade": replace(GOOD, write_failures=0.0, downgrade="auth"),
}


def openmetrics() -> str:
    """Return all histories; in each `track="stable"` behaves well, and drilled workers are downgraded."""
    lines: list[str] = []
    for job, behaviour in HISTORIES.items():
        lines += _track(f'job="{job}",track="canary"', behaviour)
        lines += _track(f'job="{job}",track="stable"', GOOD)
        drilled = replace(GOOD, downgrade="auth", breaker_opens=True)
        lines += _track(f'job="{job}",track="canary",drilled="yes"', drilled)
    return "\n".join([*lines, "# EOF", ""])


def _track(labels: str, behaviour: Behaviour) -> Iterator[str]:
    if behaviour.silent:
        return
    for n in range(SCRAPES + 1):
        at = END - (SCRAPES - n) * SCRAPE_S
        up = not behaviour.missed or n % behaviour.missed != 0
        yield f"up{{{labels}}} {int(up)} {at}"
        for name, more, value in _samples(behaviour, n):
            yield f"{name}{{{labels}{more}}} {value:.3f} {at}"


def _samples(how: Behaviour, n: int) -> Iterator[tuple[str, str, float]]:
    calls = n * how.calls
    bad = max(0, n - (SCRAPES - how.last_s / SCRAPE_S)) * how.calls
    write, read = ',op="add_messages"', ',op="context"'
    yield "memory_zep_read_requests_total", read, calls
    yield "memory_zep_context_requests_total", "", calls
    yield "memory_zep_context_cache_hits_total", "", calls * how.hits
    yield "memory_zep_write_requests_total", write, calls
    yield "memory_zep_write_success_total", write, calls - bad * how.write_failures
    yield "memory_zep_read_latency_seconds_count", read, calls
    for edge in ("0.1", "0.25", "0.5", "+Inf"):
        below = calls if float(edge) > 0.25 else calls - bad * how.slow
        yield "memory_zep_read_latency_seconds_bucket", f'{read},le="{edge}"', below
    yield from _rare(how, n, bad, write, read)


def _rare(how: Behaviour, n: int, bad: float, write: str, read: str) -> Iterator[tuple[str, str, float]]:
    """These have no series before their first event, as in the guard."""
    counted = {
        ("memory_zep_read_failures_total", f'{read},reason="timeout"'): bad * how.timeouts,
        ("memory_zep_context_failures_total", ',reason="server"'): bad * how.context_failures,
        ("memory_zep_write_failures_total", f'{write},reason="server"'): bad * how.write_failures,
        ("memory_zep_write_skipped_total", f'{write},reason="breaker_open"'): bad * how.write_skips,
        ("memory_zep_downgrades_total", f',reason="{how.downgrade}"'): bool(how.downgrade) * _late(n),
        ("circuit_open_total", ',component="zep_write"'): how.breaker_opens * _late(n),
    }
    yield from ((name, labels, value) for (name, labels), value in counted.items() if value)


def _late(n: int) -> int:
    return int(n > SCRAPES - 120)
