"""Which checks a drill is asked, by its kind and by what it states."""

from __future__ import annotations

from drills.checks import dialogue, downgrade, outbox, paging, recovery, storm, telemetry
from drills.checks.check import Checker
from drills.scenario import NOBODY, Dialogue, Drill, LookIntoZep, Outage, Storm

PAGED: list[Checker] = [paging.paged, paging.paged_once, paging.page_resolved, paging.on_call_spared]


def of_outage(drill: Outage) -> list[Checker]:
    """Everything between a downgrade and the way back."""
    checks: list[Checker] = [downgrade.reason, downgrade.mode]
    checks += [] if drill.by_hand else [downgrade.failures_needed]
    checks += [downgrade.every_worker_degraded, downgrade.reads_while_degraded, downgrade.fallback_exercised]
    checks += [downgrade.writes_stopped] if drill.mode == "off" else []
    checks += [downgrade.writes_stored] if drill.writes_stored else []
    checks += [] if drill.restarts else [downgrade.degraded_p95]  # who waits for a worker to start waits
    checks += [recovery.held_again] if drill.hold_again else []
    checks += [] if drill.alone else [recovery.probes]
    checks += [recovery.recover, recovery.every_worker_recovered, recovery.reads_resumed]
    checks += [telemetry.status_complete] if drill.by_hand else []
    checks += of_pages(drill)
    return [*checks, telemetry.status_agrees, telemetry.metrics_agree, telemetry.metrics_complete]


def of_storm(drill: Storm) -> list[Checker]:
    """Whether it kept its nerve."""
    checks: list[Checker] = [storm.downgrades, downgrade.user_errors]
    checks += [] if drill.restarts else [storm.p95]
    checks += [storm.memory_kept] if drill.memory_used else []
    checks += [storm.writes_counted, storm.writes_spared, storm.writes_resumed] if drill.writes_fail else []
    if drill.emptied_s is not None:
        checks += [outbox.outbox_filled, outbox.outbox_emptied, outbox.stored_once]
    checks += of_pages(drill)
    return [
        *checks,
        storm.ends_in_read_write,
        storm.stayed_quiet,
        telemetry.status_agrees,
        telemetry.metrics_complete,
    ]


def of_pages(drill: Drill) -> list[Checker]:
    """Who is paged, where a drill says something about it."""
    if drill.pages is None:
        return []
    return [paging.pages_nobody] if drill.pages == NOBODY else PAGED


def of_dialogue(drill: Dialogue) -> list[Checker]:
    """What its steps do not say themselves."""
    looks = any(isinstance(step, LookIntoZep) and step.placeholders for step in drill.script)
    return [dialogue.redactions_counted] if looks else []
