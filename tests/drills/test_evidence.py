"""What journal lines say where it is not plain: dead probers, links that nothing travels, forces by hand."""

from __future__ import annotations

from dataclasses import replace

from journal_lines import request, upstream

from drills.checks.check import Result
from drills.evidence import Evidence
from drills.scenario import Forced
from drills.target import Budgets
from drills.verdict import judge

HOLD_S, LEASE_S = 2.0, 3.0


def probe(t, status, ms=2.0):
    return {"t": t, "kind": "probe", "status": status, "fault": None, "ms": ms}


def applied(t, fault, **fields):
    return {"t": t, "kind": "fault_applied", "fault": fault, "name": "f", **fields}


def degraded_then(*lines):
    return Evidence([applied(1.0, "status"), request(1.1, "10", "write_only"), *lines], HOLD_S, LEASE_S)


def test_a_prober_that_was_killed_keeps_its_lease_and_did_not_fail():
    found = degraded_then(
        probe(3.2, None, None), applied(3.3, "kill"), {"t": 3.4, "kind": "fault_healed"}, probe(6.3, 200)
    )
    assert [p.t for p in found.dead_probes] == [3.2]
    assert found.failed_probes == []
    assert found.possible_at == 3.2 + LEASE_S


def test_a_probe_that_nobody_killed_and_nobody_answered_failed():
    found = degraded_then(probe(3.2, None, None), applied(9.0, "kill"))
    assert found.dead_probes == []
    assert [p.t for p in found.failed_probes] == [3.2]


def test_where_nothing_travels_an_answer_without_memory_is_a_hit():
    lines = [
        {"t": 0.9, "kind": "fault_armed", "name": "f", "params": {}, "broken_link": True},
        applied(1.0, "down", layer="l4", broken_link=True),
        request(0.5, "10", "read_write", source="zep", used=False),
        request(1.2, "10", "read_write", source="zep", used=False),
        request(1.3, "10", "write_only"),
        {"t": 2.0, "kind": "fault_healed"},
    ]
    assert Evidence(lines, HOLD_S).hits == [1.2]
    travelled = [*lines, upstream(1.25, "read")]
    assert Evidence(travelled, HOLD_S).hits == [1.25]


def test_who_fails_before_the_word_that_the_fault_is_applied_has_met_it():
    lines = [
        {"t": 0.9, "kind": "fault_armed", "name": "f", "params": {}, "broken_link": True},
        applied(1.0, "key_rejected", broken_link=True),
        {"t": 2.0, "kind": "fault_healed"},
    ]
    early = [upstream(0.85, "read", 401), upstream(0.95, "read"), upstream(0.96, "read", 401)]
    assert Evidence([*lines, *early], HOLD_S).hits == [0.96]


def test_a_force_is_over_somewhere_in_the_command_that_clears_it():
    found = degraded_then(
        {"t": 2.0, "kind": "phase", "phase": "heal"},
        {"t": 2.5, "kind": "fault_healed"},
        applied(1.05, "forced", layer="operator"),
    )
    assert (found.forced_at, found.window_end) == (1.05, 2.0)


def test_a_worker_counts_its_own_downgrades():
    modes = [("10", "write_only"), ("10", "read_write"), ("10", "write_only"), ("20", "off")]
    lines = [{"t": n, "kind": "mode", "worker": w, "mode": mode} for n, (w, mode) in enumerate(modes)]
    assert Evidence(lines, HOLD_S).downgrades() == 2


def by_hand(story):
    drill = replace(story.drill, faults=(Forced(),), hold_s=0.0)
    bent = replace(story, drill=drill).change("fault_applied", {}, layer="operator").drop("probe")
    return bent.add("phase", 2.0, phase="heal")


def check(story, name):
    verdict = judge(story.lines(), story.drill, Budgets(), HOLD_S)
    (found,) = [c for c in verdict.checks if c.name == name]
    return found


def test_a_force_needs_no_bad_answer_and_no_probe(story):
    names = {c.name for c in judge(by_hand(story).lines(), by_hand(story).drill, Budgets(), HOLD_S).checks}
    assert "failures_needed" not in names
    assert check(by_hand(story), "probes").result is Result.PASS
    probed = by_hand(story).add("probe", 3.0, status=200, fault=None, ms=2.0)
    assert check(probed, "probes").result is Result.FAIL


def test_a_status_that_says_less_than_the_contract_fails(story):
    found = check(by_hand(story), "status_complete")
    assert found.result is Result.FAIL
    assert "base_mode" in found.why


def test_a_mode_that_is_not_the_one_asked_for_fails(story):
    off = replace(story, drill=replace(story.drill, mode="off"))
    assert check(off, "mode").why == "was write_only"
    assert check(off, "writes_stopped").result is Result.FAIL


def test_who_is_alone_has_a_second_to_meet_its_own_failures(story):
    alone = replace(story, drill=replace(story.drill, alone=True)).add(
        "upstream", 1.6, op="read", status=401, fault=None, ms=1.0
    )
    assert check(alone, "reads_while_degraded").result is Result.PASS
    assert check(replace(alone, drill=story.drill), "reads_while_degraded").result is Result.FAIL
