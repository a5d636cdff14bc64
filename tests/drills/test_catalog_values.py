"""The catalogue: what each drill promises, as values."""

from __future__ import annotations

import pytest

from chaos.faults import KeyRejected
from drills.catalog import drills, risk
from drills.scenario import CONTEXT_READ, ZEP, Outage

SEED = ("write_path", "mode_status", "metrics_warmup", "read_path", "auth_401", "auth_403", "timeouts")
SEED += ("probe_recovery", "probe_failure", "cache_invalidation", "metrics_validation", "rollback")
SEED += ("emergency_off", "negative_cache", "write_failure")
OURS = ("mixed_failures", "two_failures", "client_errors", "rate_limited", "slow_drip", "garbage", "refused")
OURS += ("connection_reset", "flapping", "latency_under", "latency_over", "errors_30_percent", "redis_down")
OURS += ("redis_slow", "redis_flushed", "redis_failover", "redis_down_and_zep", "worker_killed_while_probing")
OURS += ("worker_started_while_degraded", "workers_restarted_while_degraded", "key_rotation", "clock_shift")
OURS += ("herd_at_recovery", "redaction_under_attack", "server_errors_5xx", "stale_context")
OURS += ("alert_auth", "alert_healthy", "alert_stuck")
OURS += ("gentle_recovery", "slow_reads", "outbox", "adaptive_deadline")


def test_the_catalogue_has_every_drill_of_the_seed_and_ours():
    assert set(drills()) == {*SEED, *OURS}
    assert all(name == drill.name for name, drill in drills().items())


def test_the_gentlest_come_first():
    risks = [risk(drill) for drill in drills().values()]
    assert risks == sorted(risks)
    assert list(drills())[-1] == "workers_restarted_while_degraded"


@pytest.mark.parametrize("drill", drills().values(), ids=list(drills()))
def test_each_says_why_anybody_should_care_what_it_breaks_and_how_long(drill):
    assert len(drill.why) > 40
    assert drill.why.endswith(".")
    assert drill.title
    assert drill.blast_radius
    assert 0 < drill.about_s <= 12


def test_auth_must_trip_on_exactly_one_bad_read():
    (first,) = drills()["auth_401"].faults
    assert (first.code, first.first, first.route) == (401, 1, CONTEXT_READ)


def test_5xx_come_one_after_the_other_and_outlive_the_first_probe():
    drill = drills()["server_errors_5xx"]
    assert [(fault.code, fault.first) for fault in drill.faults] == [(500, 1), (502, 1), (503, None)]
    assert drill.hold_again


def test_only_a_fault_that_holds_writes_too_excuses_them():
    for drill in drills().values():
        if isinstance(drill, Outage):
            link = any(isinstance(f, KeyRejected) or getattr(f, "proxy", "") == ZEP for f in drill.everything)
            assert drill.writes_stored is not (link or drill.mode == "off"), drill.name
