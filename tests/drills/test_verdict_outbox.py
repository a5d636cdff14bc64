"""An outbox is judged by what Zep has in the end; hand-made journals that tests bend."""

from __future__ import annotations

import json

import pytest
from journal_lines import metrics, request, status, upstream

from chaos.faults import Status
from drills.checks.check import Result
from drills.load.schedule import turns
from drills.scenario import MESSAGE_WRITE, Storm
from drills.stored import stored
from drills.target import Budgets
from drills.verdict import judge

FAULT = "drill-x-outbox-1"
BEGIN, HEALED, END = 1.0, 2.5, 6.0
OUTBOX = Storm(name="outbox", title="t", why="w", faults=(Status(code=503, route=MESSAGE_WRITE),), hits=3,
               emptied_s=2.0)  # fmt: skip
ALL_THERE = {"turns": 200, "missing": [], "twice": [], "out_of_order": []}


def sound(depths=((1.2, 4), (2.4, 20), (3.0, 9), (4.0, 0)), found=ALL_THERE):
    lines = [
        {"t": 0.0, "kind": "marker", "ok": True},
        {"t": 0.9, "kind": "steady"},
        metrics(0.95, "before", "read_write", 4, 7),
        {"t": BEGIN - 0.01, "kind": "fault_armed", "name": FAULT, "layer": "l7", "params": {"code": 503}},
        {"t": BEGIN, "kind": "fault_applied", "name": FAULT, "layer": "l7"},
        {"t": HEALED, "kind": "fault_healed", "name": FAULT},
        {"t": HEALED + 0.01, "kind": "heal_verified", "name": FAULT},
        metrics(5.8, "after", "read_write", 4, 7),
        status(5.9, "after", "read_write", None),
        {"t": END, "kind": "load", "intended": 200, "sent": 200, "slip_ms": 1.0},
    ]
    lines += [upstream(t, "write", 503, FAULT) for t in (1.1, 1.2, 1.3, 1.4)]
    lines += [request(round(n * 0.03, 3), str(10 + n % 2), "read_write") for n in range(200)]
    lines += [
        {"t": t, "kind": "metrics", "at": "depth", "values": {"memory_guard_outbox_depth": depth}}
        for t, depth in depths
    ]
    return [*lines, *([{"t": 5.7, "kind": "stored", **found}] if found else [])]


def verdict(lines):
    return judge(lines, OUTBOX, Budgets(), 2.0)


def check(name, **bent):
    (found,) = [c for c in verdict(sound(**bent)).checks if c.name == name]
    return found


def test_a_guard_that_loses_nothing_passes():
    found = verdict(sound())
    assert found.passed, found.complaints()
    assert "20 writes waited and were in Zep 1.50 s after the heal" in found.sentence
    assert found.facts["waited"] == 20


def test_an_outbox_that_stays_full_fails():
    assert check("outbox_emptied", depths=((1.2, 4), (5.0, 3))).result is Result.FAIL
    assert check("outbox_emptied", depths=((1.2, 4), (2.0, 0), (5.0, 0))).result is Result.FAIL


def test_where_nothing_waited_nothing_was_shown():
    assert check("outbox_filled", depths=((1.2, 0), (4.0, 0))).result is Result.FAIL
    assert check("outbox_filled", depths=()).result is Result.INCONCLUSIVE


@pytest.mark.parametrize(
    ("wrong", "words"),
    [("missing", "lost"), ("twice", "twice in Zep"), ("out_of_order", "out of order")],
)
def test_what_is_not_in_zep_once_and_in_order_fails_with_its_number(wrong, words):
    found = check("stored_once", found={**ALL_THERE, wrong: [17]})
    assert (found.result, found.why) == (Result.FAIL, f"{words} (turn 17)")


def test_a_zep_that_cannot_be_looked_into_is_inconclusive():
    assert check("stored_once", found=None).result is Result.INCONCLUSIVE
    assert check("stored_once", found={**ALL_THERE, "turns": 0}).result is Result.INCONCLUSIVE


def messages(*said, role="user"):
    return json.dumps([{"role": role, "content": f"Hi! [outbox-7f3a {turn}]"} for turn in said])


def test_turns_are_known_by_their_numbers():
    assert stored(messages("3.0", "3.2", "4.1"), "outbox-7f3a") == {**ALL_THERE, "turns": 3}
    assert stored(messages("3.0", "4.2"), "outbox-7f3a")["missing"] == [1]
    assert stored(messages("3.0", "3.1", "3.1"), "outbox-7f3a")["twice"] == [1]
    assert stored(messages("3.1", "4.2", "3.0"), "outbox-7f3a")["out_of_order"] == [0]


def test_other_loads_and_answers_that_repeat_the_words_do_not_count():
    assert stored(messages("3.0"), "outbox-0000")["turns"] == 0
    assert stored(messages("3.0", role="assistant"), "outbox-7f3a")["turns"] == 0


def test_the_load_numbers_what_it_says():
    plan = {"rate": 10, "for_s": 1, "threads": 3, "prefix": "p", "seed": 7}
    said = [{"role": "user", "content": turn.message} for turn in turns(**plan, label="outbox-7f3a")]
    assert stored(json.dumps(sorted(said, key=lambda m: m["content"][-5:])), "outbox-7f3a")["missing"] == []
    plain = [turn.message for turn in turns(**plan)]
    assert [turn.message.partition(" [")[0] for turn in turns(**plan, label="x")] == plain
