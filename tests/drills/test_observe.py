"""What a target says about itself, asked over real sockets and real processes."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from drills.history import History
from drills.observe import Audience, Instruments, Seen, StopConditionError, series
from drills.target import Target, TargetError

GAUGE = 'memory_mode_gauge{mode="read_write"}'
COUNTER = 'memory_zep_downgrades_total{reason="auth"}'


@pytest.fixture
def target(chat):
    return Target(
        name="test",
        chat_url=chat.url,
        token="t0ken",
        marker_url=f"{chat.base}/api/marker/",
        marker_value="test",
        metrics_urls=(f"{chat.base}/api/metrics/",) * 2,
        hold_s=1.0,
    )


@pytest.fixture
def ask():
    opened = []

    def ask(target):
        opened.append(Instruments(target))
        return opened[-1]

    yield ask
    for instruments in opened:
        instruments.close()


def python(code):
    return (sys.executable, "-c", code)


def test_the_marker(ask, target, chat):
    ask(target).check_marker()
    chat.marker = "production"
    with pytest.raises(TargetError, match="this target may not be drilled"):
        ask(target).check_marker()
    with pytest.raises(TargetError, match="is the target up"):
        ask(replace(target, marker_url="http://127.0.0.1:9/")).check_marker()


def test_counters_add_up_over_a_fleet_and_gauges_do_not(ask, target, chat):
    assert ask(target).metrics() == {GAUGE: 1.0, COUNTER: 4.0}
    assert chat.tokens == {"Bearer t0ken"}


def test_metrics_that_cannot_be_had_are_none(ask, target, chat):
    assert ask(replace(target, metrics_urls=("http://127.0.0.1:9/",))).metrics() == {}
    assert ask(replace(target, metrics_urls=())).metrics() == {}
    chat.metrics = "}nonsense{"
    assert ask(target).metrics() == {}


def test_a_series_is_written_as_prometheus_does():
    assert series("n", {}) == "n"
    assert series("n", {"b": "2", "a": "1"}) == 'n{a="1",b="2"}'


def line(mode="read_write", status=200, used=True, worker="1"):
    return {
        "t": 1.0,
        "kind": "request",
        "status": status,
        "ms": 10.0,
        "worker": worker,
        "mode": mode,
        "source": "zep",
        "used": used,
        "reason": None,
    }


@pytest.fixture
def audience(tmp_path):
    def stop(seen):
        if seen.errors:
            raise StopConditionError("an error")

    with History(tmp_path) as history:
        yield Audience(history, "d", stop)


def test_a_change_of_mode_is_journalled_once_for_each_worker(audience):
    for mode, worker in [("read_write", "1"), ("read_write", "2"), ("write_only", "1"), ("write_only", "1")]:
        audience.hear(line(mode, worker=worker))
    text = audience._history.path.read_text()
    assert text.count('"kind":"mode"') == 3
    assert text.count('"t":1.01') == 3, "when the answer came"


def test_waiting_ends_with_the_condition_or_the_time_or_a_stop(audience):
    assert audience.until(lambda _seen: True, 0)
    assert not audience.until(lambda _seen: False, 0.01)
    audience.hear(line(status=500))
    with pytest.raises(StopConditionError):
        audience.until(lambda _seen: False, 5)


def test_steady_is_a_row_of_good_answers_from_workers_that_read(audience):
    for _ in range(24):
        audience.hear(line())
    assert not audience.seen.steady()
    audience.hear(line())
    assert audience.seen.steady()
    audience.hear(line(used=False))
    assert not audience.seen.steady(), "an answer without memory"
    audience.forget_recent()
    assert not audience.seen.steady()


def test_one_worker_alone_does_not_make_it_steady(audience):
    audience.hear(line("write_only", worker="2"))
    for _ in range(25):
        audience.hear(line())
    assert not audience.seen.steady()


def test_a_worker_left_behind_is_not_back():
    seen = Seen()
    for mode, worker in [("write_only", "1"), ("write_only", "2"), ("read_write", "2")]:
        seen.take(line(mode, worker=worker))
    assert seen.any_degraded()
    assert not seen.everywhere_back()
