"""A storm is judged by what it must not do; hand-made journals that tests bend."""

from __future__ import annotations

from dataclasses import replace

import pytest
from journal_lines import metrics, request, status, upstream

from chaos.faults import Restart, Status
from drills.checks.check import Result
from drills.scenario import CONTEXT_READ, MESSAGE_WRITE, Storm
from drills.target import Budgets
from drills.verdict import judge

FAULT = "drill-x-storm-1"
BEGIN, HEALED, END = 1.0, 2.5, 4.0
STORM = Storm(name="storm", title="t", why="w", faults=(Status(code=404, route=CONTEXT_READ),), hits=3)


def sound(*, op="read", code=404, hits=(1.1, 1.2, 1.3, 1.4)):
    lines = [
        {"t": 0.0, "kind": "marker", "ok": True},
        {"t": 0.9, "kind": "steady"},
        metrics(0.95, "before", "read_write", 4, 7),
        {"t": BEGIN - 0.01, "kind": "fault_armed", "name": FAULT, "layer": "l7", "params": {"code": code}},
        {"t": BEGIN, "kind": "fault_applied", "name": FAULT, "layer": "l7"},
        {"t": HEALED, "kind": "fault_healed", "name": FAULT},
        {"t": HEALED + 0.01, "kind": "heal_verified", "name": FAULT},
        metrics(3.8, "after", "read_write", 4, 7),
        status(3.9, "after", "read_write", None),
        {"t": END, "kind": "load", "intended": 200, "sent": 200, "slip_ms": 1.0},
    ]
    lines += [upstream(t, op, code, FAULT) for t in hits]
    lines += [request(round(n * 0.02, 3), str(10 + n % 2), "read_write") for n in range(200)]
    return [*lines, *(upstream(round(n * 0.02 + 0.003, 4), "write", 202) for n in range(200))]


def verdict(lines, drill=STORM):
    return judge(lines, drill, Budgets(), 2.0)


def check(lines, name, drill=STORM):
    (found,) = [c for c in verdict(lines, drill).checks if c.name == name]
    return found


def stepped_down(lines, *ts, worker="10"):
    modes = [{"t": t, "kind": "mode", "mode": "write_only", "worker": worker} for t in ts]
    answers = [request(t - 0.005, worker, "write_only") for t in ts]
    return [*lines, *modes, *answers]


def test_a_guard_that_keeps_its_nerve_passes():
    found = verdict(sound())
    assert found.passed, found.complaints()
    assert "the guard stayed in read_write" in found.sentence


def test_a_downgrade_where_none_is_due_fails():
    found = verdict(stepped_down(sound(), 1.5))
    assert "downgrades: 1 downgrades against 0 downgrades" in found.sentence


def test_a_flapping_zep_may_cause_so_many_and_no_more():
    flapping = replace(STORM, downgrades=2)
    assert check(stepped_down(sound(), 1.5, 2.0), "downgrades", flapping).result is Result.PASS
    assert check(stepped_down(sound(), 1.5, 2.0, 2.2), "downgrades", flapping).result is Result.FAIL


def test_too_few_hits_conclude_nothing():
    found = check(sound(hits=(1.1,)), "fault_hit")
    assert (found.result, found.why) == (
        Result.INCONCLUSIVE,
        "too few requests were hit to conclude anything",
    )


def test_memory_must_stay_where_it_can():
    lines = [{**line, "used": False} if line["kind"] == "request" else line for line in sound()]
    assert check(lines, "memory_kept").result is Result.FAIL
    assert verdict(lines, replace(STORM, memory_used=False)).passed


def test_slow_answers_and_user_errors_fail():
    slow = [{**line, "ms": 400.0} if line["kind"] == "request" else line for line in sound()]
    assert check(slow, "p95").result is Result.FAIL
    failed = [
        {**line, "status": 500} if line["kind"] == "request" and line["t"] == 1.5 else line
        for line in sound()
    ]
    assert check(failed, "user_errors").result is Result.FAIL
    assert check(failed, "user_errors", replace(STORM, tolerates=1)).result is Result.PASS


def test_who_waits_for_a_worker_to_start_is_not_timed():
    restarts = replace(STORM, faults=(Restart(process="workers"),))
    assert "p95" not in {c.name for c in verdict(sound(), restarts).checks}


def test_a_worker_that_stays_behind_fails():
    last = request(3.99, "10", "write_only")
    assert check([*sound(), last], "ends_in_read_write").why == "not in read_write: worker 10"


def test_metrics_that_count_what_nobody_saw_fail():
    lines = [line for line in sound() if line.get("at") != "after" or line["kind"] == "status"]
    counted = [*lines, metrics(3.8, "after", "read_write", 5, 7)]
    assert check(counted, "metrics_agree").why == "1 downgrades counted where none was seen"
    assert check(lines, "metrics_agree").result is Result.INCONCLUSIVE


# three in a row, as the log tells it

BY_LOG = replace(
    STORM, faults=(Status(code=503, percent=30, route=CONTEXT_READ),), by_log=True, memory_used=False
)


def logged(*reads):
    """A journal whose reads are `(t, ok)`."""
    lines = sound(code=503, hits=())
    return lines + [upstream(t, "read", 200 if ok else 503, None if ok else FAULT) for t, ok in reads]


IN_A_ROW = ((1.1, False), (1.2, False), (1.3, False), (1.4, True))
NEVER = ((1.1, False), (1.2, False), (1.3, True), (1.4, False), (1.5, False), (1.6, True))


@pytest.mark.parametrize(
    ("reads", "tripped_at", "result", "words"),
    [
        (IN_A_ROW, 1.35, Result.PASS, ""),
        (IN_A_ROW, None, Result.FAIL, "three failures in a row and no downgrade"),
        (IN_A_ROW, 1.22, Result.FAIL, "before three failures in a row"),
        (NEVER, None, Result.PASS, ""),
        (NEVER, 1.55, Result.FAIL, "without three failures in a row"),
    ],
)
def test_it_trips_when_three_failures_came_in_a_row_and_only_then(reads, tripped_at, result, words):
    lines = logged(*reads)
    found = check(stepped_down(lines, tripped_at) if tripped_at else lines, "downgrades", BY_LOG)
    assert (found.result, words in found.why) == (result, True)


# writes

WRITES = replace(STORM, faults=(Status(code=503, route=MESSAGE_WRITE),), writes_fail=True)


def refused():
    lines = [line for line in sound(op="write", code=503) if line.get("op") != "write" or line.get("fault")]
    lines += [upstream(2.9, "write", 202), {**status(2.4, "during", "read_write", None)}]
    for line in lines:
        if line["kind"] == "status" and line["at"] == "during":
            line["values"]["write_breaker"] = "open"
        if line["kind"] == "metrics":
            moved = float(line["at"] == "after")
            line["values"] |= {
                'memory_zep_write_failures_total{op="add"}': moved,
                "circuit_open_total": moved,
            }
    return lines


def test_writes_that_fail_are_counted_spared_and_resumed():
    found = verdict(refused(), WRITES)
    assert found.passed, found.complaints()


def test_a_write_breaker_that_stays_closed_fails():
    lines = refused()
    for line in lines:
        line.get("values", {}).pop("write_breaker", None)
    assert "write breaker is open" in check(lines, "writes_counted", WRITES).why


def test_hammering_a_zep_that_refuses_fails():
    hammered = refused() + [upstream(1.0 + n / 100, "write", 503, FAULT) for n in range(100)]
    assert check(hammered, "writes_spared", WRITES).result is Result.FAIL


def test_writes_that_never_come_back_fail():
    lines = [line for line in refused() if line.get("op") != "write" or line.get("fault")]
    assert check(lines, "writes_resumed", WRITES).why == "no write was stored after the heal"
