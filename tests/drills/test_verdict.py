"""Every named check, seen to pass, to fail and to be inconclusive on journals made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.checks.check import Result
from drills.target import Budgets
from drills.verdict import PRECEDENCE, Exit, judge, worst_exit

HOLD_S = 2.0
FAULT = "drill-x-auth_401-1"
PASS, FAIL, INCONCLUSIVE = Result.PASS, Result.FAIL, Result.INCONCLUSIVE
DEGRADED = (1.1, 3.1)
RECOVERED = (3.1, 4.0)


def verdict_of(story, **budgets):
    return judge(story.lines(), story.drill, Budgets(**budgets), HOLD_S)


def check(story, name, **budgets):
    found = [c for c in verdict_of(story, **budgets).checks if c.name == name]
    assert found, f"{name} was not judged"
    return found[0]


def test_a_sound_drill_passes_every_check(story):
    verdict = verdict_of(story)
    assert verdict.passed, verdict.complaints()
    assert (verdict.verdict, verdict.exit) == (PASS, Exit.PASS)
    assert {c.name for c in verdict.checks} == {
        *("marker", "steady_state", "arrivals", "fault_hit", "downgrade", "user_errors", "reason"),
        *("failures_needed", "every_worker_degraded", "reads_while_degraded", "fallback_exercised"),
        *(
            "mode",
            "metrics_complete",
            "writes_stored",
            "degraded_p95",
            "probes",
            "recover",
            "every_worker_recovered",
        ),
        *("reads_resumed", "status_agrees", "metrics_agree", "metrics_complete"),
        *("stop_condition", "undo_verified"),
    }


def test_the_sentence_tells_the_story(story):
    assert verdict_of(story).sentence == (
        "auth_401 passed: one bad answer moved both workers to write_only in 19 ms; "
        "no read reached Zep meanwhile and users saw no error; "
        "one probe brought reads back 65 ms after the hold was over"
    )


def test_the_facts_are_what_reports_show(story):
    assert verdict_of(story).facts == {
        "downgrade_s": pytest.approx(0.019),
        "recover_s": pytest.approx(0.065),
        "user_errors": 0,
        "degraded_p95_ms": 5.0,
        "reads_while_degraded": 0,
        "probes": 1,
        "requests": 200,
    }


# the ground


def test_marker(story):
    assert check(story.change("marker", {}, ok=False, text="not ours"), "marker").why == "not ours"
    assert check(story.drop("marker"), "marker").result is INCONCLUSIVE


def test_steady_state(story):
    unsteady = story.drop("steady").bend((3.9, 4.0), status=502)
    found = check(unsteady, "steady_state")
    assert found.result is INCONCLUSIVE
    assert "status 502" in found.why


def test_arrivals(story):
    assert check(story.change("load", {}, sent=198), "arrivals").result is PASS
    assert check(story.change("load", {}, sent=197), "arrivals").result is INCONCLUSIVE
    assert check(story.drop("load"), "arrivals").result is INCONCLUSIVE


def test_a_fault_that_hit_nothing_is_inconclusive_and_nothing_else_is_judged(story):
    verdict = verdict_of(story.drop("upstream", fault=FAULT))
    assert (verdict.verdict, verdict.exit) == (INCONCLUSIVE, Exit.INCONCLUSIVE)
    assert "reads_while_degraded" not in {c.name for c in verdict.checks}


def test_a_fault_of_somebody_else_proves_nothing(story):
    assert (
        check(story.change("upstream", {"fault": FAULT}, fault="other"), "fault_hit").result is INCONCLUSIVE
    )


def test_a_fault_that_answered_something_else_proves_nothing(story):
    armed = story.change("fault_armed", {}, params={"code": 401})
    assert check(armed, "fault_hit").result is PASS
    assert check(armed.change("upstream", {"fault": FAULT}, status=None), "fault_hit").result is INCONCLUSIVE


def test_a_capability_that_is_missing_is_named(story):
    lacking = story.drop("fault_applied").add("lacks", 1.0, text="target x has no Toxiproxy")
    found = verdict_of(lacking)
    assert found.sentence == "auth_401 is inconclusive: capability: target x has no Toxiproxy"


def test_what_could_not_begin_says_why_however_busy_the_machine_was(story):
    busy = story.drop("steady").add("machine", 4.0, waited=0.9)
    assert verdict_of(busy).sentence.startswith("auth_401 is inconclusive: steady_state: not reached")


def test_a_link_fault_hits_the_reads_that_travel_it(story):
    link = story.change("fault_applied", {}, layer="l4", broken_link=True)
    assert check(link, "fault_hit").result is PASS
    assert "unanswered read" in verdict_of(link).sentence


def test_a_link_fault_that_answers_slip_past_is_inconclusive(story):
    link = story.change("fault_applied", {}, layer="l4", broken_link=True).bend(
        (1.5, 1.6), used=True, source="zep"
    )
    assert "behind this proxy" in check(link, "fault_hit").why


# the downgrade


def test_downgrade_too_late(story):
    assert check(story, "downgrade", downgrade_s=0.018).result is FAIL
    assert check(story, "downgrade", downgrade_s=0.02).result is PASS


def test_a_downgrade_before_the_fault_is_not_this_one(story):
    assert verdict_of(story.bend((0.5, 0.51), mode="write_only")).facts == verdict_of(story).facts


def test_no_downgrade_is_the_one_thing_told(story):
    verdict = verdict_of(story.bend((0.0, 4.0), mode="read_write"))
    assert verdict.sentence == "auth_401 failed: downgrade: none after 1 bad answer"
    assert verdict.exit is Exit.FAIL


def test_reason(story):
    assert check(story.bend(DEGRADED, reason="manual"), "reason").result is FAIL
    assert check(story.bend((1.5, 1.51), reason="manual"), "reason").result is FAIL
    assert check(story.bend(DEGRADED, mode=None), "reason").result is INCONCLUSIVE


def test_failures_needed(story):
    needy = replace(story, drill=replace(story.drill, needs_failures=2))
    assert check(needy, "failures_needed").result is FAIL


def test_a_worker_that_keeps_reading(story):
    astray = check(story.bend((1.04, 3.1), worker="10", mode="read_write"), "every_worker_degraded")
    assert (astray.result, astray.why) == (FAIL, "still in read_write: worker 10")


def test_a_worker_that_is_slow_to_follow(story):
    slow = story.bend((1.04, 1.1), worker="10", mode="read_write")
    assert check(slow, "every_worker_degraded", downgrade_s=0.05).result is FAIL
    assert check(slow, "every_worker_degraded", downgrade_s=0.11).result is PASS


def test_an_answer_that_took_until_reads_were_back_is_no_stray(story):
    late = story.bend((3.04, 3.05), ms=60.0, mode="read_write")
    assert verdict_of(late).passed, verdict_of(late).complaints()


def test_workers_that_cannot_be_told_apart_or_stay_silent(story):
    assert check(_anonymous(story), "every_worker_degraded").result is INCONCLUSIVE
    silent = story.bend((1.04, 3.2), worker="10", mode=None)
    assert "from worker 10" in check(silent, "every_worker_degraded").why


def _anonymous(story):
    return replace(story, requests=[{**line, "worker": None} for line in story.requests])


def test_reads_while_degraded(story):
    assert check(story.add("upstream", 1.12, op="read", status=200), "reads_while_degraded").result is PASS
    assert check(story.add("upstream", 1.2, op="read", status=200), "reads_while_degraded").measured == 1
    assert check(story.add("upstream", 1.2, op="other", status=200), "reads_while_degraded").result is PASS


def test_a_guard_that_reads_again_without_asking_first(story):
    eager = (
        story.drop("probe").bend((2.5, 3.1), mode="read_write").add("upstream", 2.5, op="read", status=200)
    )
    assert check(eager, "reads_while_degraded").result is FAIL
    assert check(eager, "every_worker_degraded").result is FAIL
    assert check(eager, "probes").why == "no probe came"


def test_fallback_exercised(story):
    assert check(story.bend(DEGRADED, used=True), "fallback_exercised").result is INCONCLUSIVE


def test_writes_stored(story):
    assert check(story.add("upstream", 1.5, op="write", status=503), "writes_stored").result is FAIL
    none = replace(story, others=[line for line in story.others if line.get("op") != "write"])
    assert check(none, "writes_stored").result is FAIL
    spared = replace(story, drill=replace(story.drill, writes_stored=False))
    assert "writes_stored" not in {c.name for c in verdict_of(spared).checks}


def test_user_errors(story):
    broken = story.bend((0.5, 0.51), status=500).bend((1.5, 1.51), status=None)
    assert check(broken, "user_errors").measured == 2
    assert check(broken, "user_errors", user_errors=2).result is PASS


def test_degraded_p95(story):
    assert check(story.bend((1.2, 1.3), ms=400.0), "degraded_p95").result is FAIL
    assert check(story.bend((1.2, 1.24), ms=400.0), "degraded_p95").result is PASS
    assert check(story.bend(DEGRADED, ms=9000.0), "degraded_p95").result is FAIL


# the way back


def held_again(story, reason="probe_failed"):
    """The fault outlives the first probe; the second one, a hold later, succeeds."""
    late = replace(story, drill=replace(story.drill, hold_again=True))
    late = late.change("fault_healed", {}, t=3.2).change("probe", {}, status=503, fault=FAULT)
    late = late.add("probe", 5.07, status=200, fault=None, ms=2.0).bend(
        (3.08, 4.0), mode="write_only", reason=reason
    )
    back = [{**line, "t": line["t"] + 5.1} for line in story.requests if line["t"] < 0.5]
    reads = [
        {**line, "t": line["t"] + 5.1}
        for line in story.others
        if line.get("op") == "read" and line["t"] < 0.5
    ]
    gone = [line for line in late.others if not (line.get("op") == "read" and line["t"] > 3.0)]
    counted = [
        {**line, "values": {**line["values"], 'memory_zep_downgrades_total{reason="probe_failed"}': 1.0}}
        if line.get("at") == "after" and line["kind"] == "metrics"
        else line
        for line in gone
    ]
    return replace(late, requests=[*late.requests, *back], others=[*counted, *reads])


def test_held_again(story):
    verdict = verdict_of(held_again(story))
    assert verdict.passed, verdict.complaints()
    assert "one probe met the fault and held again, the next" in verdict.sentence
    assert verdict.facts["probes"] == 2
    assert verdict.facts["recover_s"] == pytest.approx(0.043), "from the second hold on"


def test_a_failed_probe_that_is_not_named(story):
    assert check(held_again(story, reason="auth"), "held_again").result is FAIL


def test_the_first_probe_met_no_fault(story):
    healed = replace(story, drill=replace(story.drill, hold_again=True))
    assert check(healed, "held_again").why == "no probe met the fault"


def test_probes(story):
    assert check(story.drop("probe"), "probes").why == "no probe came"
    assert check(story.add("probe", 3.07, status=200, ms=1.0), "probes").measured == 2
    assert "before the hold" in check(story.add("probe", 2.0, status=401, ms=1.0), "probes").why
    assert "after reads were back" in check(story.add("probe", 5.9, status=200, ms=1.0), "probes").why


def test_a_probe_that_the_broken_link_swallowed_is_a_failed_one(story):
    link = story.change("fault_applied", {}, layer="l4", broken_link=True).change("fault_healed", {}, t=3.2)
    late = replace(link, drill=replace(story.drill, hold_again=True)).bend(RECOVERED, used=False)
    assert check(late, "held_again").why == "no answer gave the reason probe_failed"


def test_recover(story):
    assert check(story, "recover", recover_s=0.06).result is FAIL
    assert check(story.bend(RECOVERED, mode="write_only"), "recover").why == "reads never came back"


def test_recovery_counts_from_the_heal_when_that_comes_last(story):
    late = story.change("fault_healed", {}, t=3.08)
    assert verdict_of(late).facts["recover_s"] == pytest.approx(0.025)
    assert "after the heal" in verdict_of(late).sentence


def test_every_worker_recovered(story):
    stuck = check(story.bend((3.1, 4.0), worker="10", mode="write_only"), "every_worker_recovered")
    assert stuck.why == "worker 10 never came back"
    gone = replace(story, requests=[r for r in story.requests if r["worker"] == "20" or r["t"] < 3.0])
    assert check(gone, "every_worker_recovered").result is INCONCLUSIVE
    assert check(_anonymous(story), "every_worker_recovered").result is INCONCLUSIVE


def test_reads_resumed(story):
    assert check(story.bend(RECOVERED, used=False), "reads_resumed").result is FAIL


# telemetry


def test_status_agrees(story):
    assert check(story.drop("status", at="after"), "status_agrees").result is INCONCLUSIVE
    assert check(story.change("status", {"at": "after"}, error="boom"), "status_agrees").why.endswith("boom")
    stale = story.change("status", {"at": "after"}, values={"effective_mode": "write_only", "forced": None})
    assert check(stale, "status_agrees").why == "after: says write_only instead of read_write"


def test_a_slow_status_may_tell_of_the_failed_probe_but_not_before_it(story):
    forced = {"effective_mode": "write_only", "forced": {"reason": "probe_failed"}}
    early = held_again(story).change("status", {"at": "degraded"}, values=forced)
    assert check(early, "status_agrees").result is FAIL
    assert check(early.change("status", {"at": "degraded"}, t=3.3), "status_agrees").result is PASS


@pytest.mark.parametrize(
    ("at", "key", "value", "why"),
    [
        ("after", 'memory_zep_downgrades_total{reason="auth"}', 6.0, "moved by 2 instead of 1"),
        ("after", 'memory_zep_downgrades_total{reason="auth"}', 4.0, "moved by 0 instead of 1"),
        ("after", 'memory_zep_downgrades_total{reason="probe_failed"}', 1.0, "moved by 1 instead of 0"),
        ("after", 'memory_zep_context_failures_total{reason="auth"}', 7.0, "did not move"),
        ("degraded", 'memory_mode_gauge{mode="read_write"}', 1.0, "does not show write_only"),
        ("after", 'memory_mode_gauge{mode="write_only"}', 1.0, "does not show read_write"),
    ],
)
def test_metrics_agree(story, at, key, value, why):
    line = next(m for m in story.others if m["kind"] == "metrics" and m["at"] == at)
    bent = story.change("metrics", {"at": at}, values={**line["values"], key: value})
    found = check(bent, "metrics_agree")
    assert found.result is FAIL
    assert why in found.why


def test_no_metrics(story):
    assert check(story.drop("metrics", at="degraded"), "metrics_agree").why == "no metrics degraded"


# care


def test_an_undo_that_was_not_seen_is_its_own_verdict(story):
    verdict = verdict_of(story.drop("heal_verified"))
    assert verdict.exit is Exit.NOT_UNDONE
    assert verdict.passed, "the application did nothing wrong"
    assert FAULT in verdict.sentence


def test_the_undo_is_judged_even_where_nothing_else_is(story):
    assert verdict_of(story.drop("steady").drop("heal_verified")).exit is Exit.NOT_UNDONE


def test_a_stopped_drill_is_not_judged_further(story):
    verdict = verdict_of(story.add("stop", 1.5, text="60 user errors"))
    assert verdict.exit is Exit.STOPPED
    assert "probes" not in {c.name for c in verdict.checks}


def test_the_worst_check_wins(story):
    both = story.change("status", {"at": "after"}, error="boom").drop("probe")
    verdict = verdict_of(both)
    assert verdict.verdict is FAIL
    assert "probes" in verdict.sentence
    assert "status_agrees" not in verdict.sentence


def test_an_empty_journal_is_inconclusive(story):
    assert judge([], story.drill, Budgets(), HOLD_S).exit is Exit.INCONCLUSIVE


def test_the_order_of_the_lines_does_not_matter(story):
    assert judge(story.lines()[::-1], story.drill, Budgets(), HOLD_S) == verdict_of(story)


def test_precedence_of_exit_codes():
    assert PRECEDENCE == (14, 130, 13, 1, 11)
    assert [worst_exit(codes) for codes in ([], [0], [11, 0], [1, 11], [13, 1], [130, 13], [14, 130])] == [
        *(0, 0, 11, 1, 13, 130, 14)
    ]


def test_a_failure_on_a_machine_that_was_too_busy_proves_nothing_and_a_pass_stands(story):
    busy = story.add("machine", 4.0, waited=0.8)
    assert verdict_of(busy).passed
    failed = verdict_of(busy, downgrade_s=0.001)
    assert (failed.verdict, failed.exit) == (INCONCLUSIVE, Exit.INCONCLUSIVE)
    assert "something waited for a CPU 80% of the time" in failed.sentence
    assert verdict_of(story.add("machine", 4.0, waited=0.5), downgrade_s=0.001).verdict is FAIL
    left = busy.drop("heal_verified")
    assert verdict_of(left, downgrade_s=0.001).exit is Exit.NOT_UNDONE
