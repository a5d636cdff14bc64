"""The figures of a drill, by its kind: what a report shows and a baseline is compared with."""

from __future__ import annotations

from drills.checks import downgrade, outbox, paging, recovery, storm
from drills.checks.check import Subject
from drills.scenario import Dialogue, Storm

Facts = dict[str, float | None]


def facts_of(subject: Subject) -> Facts:
    """Return them by name, units last; None where there is none."""
    if isinstance(subject.drill, Dialogue):
        return _of_dialogue(subject)
    return _of_storm(subject) if isinstance(subject.drill, Storm) else _of_outage(subject)


def _of_outage(subject: Subject) -> Facts:
    facts: Facts = {
        "downgrade_s": _rounded(downgrade.since_first_hit(subject)),
        "recover_s": _rounded(recovery.to_recover_s(subject)),
        "user_errors": downgrade.failed_answers(subject),
        "degraded_p95_ms": _rounded(downgrade.degraded_p95_ms(subject)),
        "reads_while_degraded": downgrade.leaked_reads(subject),
        "probes": len(subject.evidence.probes),
        "requests": len(subject.evidence.answers),
    }
    return facts | _of_pages(subject)


def _of_storm(subject: Subject) -> Facts:
    facts: Facts = {
        "downgrades": subject.evidence.downgrades(),
        "user_errors": downgrade.failed_answers(subject),
        "p95_ms": _rounded(storm.p95_ms(subject)),
        "hits": len(subject.evidence.hits),
        "requests": len(subject.evidence.answers),
    }
    if subject.storm.emptied_s is not None:
        facts |= {"waited": outbox.deepest(subject), "emptied_s": _rounded(outbox.emptied_s(subject))}
    return facts | _of_pages(subject)


def _of_pages(subject: Subject) -> Facts:
    """How many pages came; and after how long the one that was due."""
    if subject.drill.pages is None:
        return {}
    facts: Facts = {"pages": len(paging.triggered(subject))}
    return facts | ({"page_s": _rounded(paging.page_s(subject))} if subject.drill.pages.alert else {})


def _of_dialogue(subject: Subject) -> Facts:
    turns = list(subject.evidence.of("turn"))
    return {
        "turns": len(turns),
        "slowest_ms": max((float(turn["ms"]) for turn in turns), default=None),
        "user_errors": sum(turn["status"] != 200 for turn in turns),  # noqa: PLR2004 - HTTP's own
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
