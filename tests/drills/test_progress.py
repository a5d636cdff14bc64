"""What somebody sees who watches drills run."""

from __future__ import annotations

import pytest

from chaos.faults import Status
from drills.observe import Seen
from drills.progress import Progress, modes
from drills.scenario import Outage

DRILL = Outage(name="d", title="t", why="w", reason="auth", faults=(Status(code=401),))
HOLD_S = 2.0


@pytest.fixture
def told():
    return []


@pytest.fixture
def shown():
    return []


@pytest.fixture
def look(told, shown):
    """Show what is seen at a second of a clock that is set by hand."""
    clock = [0.0]
    progress = Progress(told.append, HOLD_S, shown.append, clock=lambda: clock[0])
    progress.phase(DRILL, "degraded", 1.5)

    def look(seen, at_s):
        clock[0] = at_s
        progress.look(seen)
        return shown[-1]

    return look


def seen(*answers):
    found = Seen()
    for worker, mode, reason in answers:
        found.take({"status": 200, "worker": worker, "mode": mode, "reason": reason})
    return found


def test_a_phase_is_a_line_that_stays(look, told):
    (line,) = told
    assert line.split() == ["d", "degraded", "+1.5", "s"]


def test_the_live_line_has_every_worker_s_mode_and_counts_the_hold_down(look):
    held = seen(("11", "write_only", "auth"), ("12", "read_write", None))
    assert look(held, 10.0) == "d  degraded  11 write_only, 12 read_write  hold 2.0 s"
    assert look(held, 11.2).endswith("hold 0.8 s")
    assert look(held, 12.5).endswith("hold over, probe due")


def test_a_hold_for_another_reason_counts_anew(look):
    look(seen(("11", "write_only", "auth")), 10.0)
    assert look(seen(("11", "write_only", "probe_failed")), 12.1).endswith("hold 2.0 s")


def test_nothing_is_counted_when_reads_are_back_nor_remembered_of_it(look):
    look(seen(("11", "write_only", "auth")), 10.0)
    assert look(seen(("11", "read_write", None)), 12.0) == "d  degraded  11 read_write"
    assert look(seen(("11", "write_only", "auth")), 20.0).endswith("hold 2.0 s")


def test_the_live_line_is_written_ten_times_a_second_at_most(look, shown):
    for n in range(100):
        look(seen(("11", "read_write", None)), 10 + n / 100)
    assert 9 <= len(shown) <= 11


def test_a_drill_s_own_hold_is_counted(told, shown):
    own = Outage(name="own", title="t", why="w", reason="auth", faults=(Status(code=401),), hold_s=9.0)
    progress = Progress(told.append, HOLD_S, shown.append, clock=lambda: 0.0)
    progress.phase(own, "degraded", 0.0)
    progress.look(seen(("11", "write_only", "auth")))
    assert shown[-1].endswith("hold 9.0 s")


def test_of_a_large_fleet_four_are_named():
    fleet = seen(*((str(n), "read_write", None) for n in range(6)))
    assert modes(fleet).endswith("3 read_write and 2 more")
