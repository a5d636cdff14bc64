"""The catalogue: what each drill promises, as values."""

from __future__ import annotations

from chaos.faults import HttpFault
from drills.catalog import drills
from drills.scenario import CONTEXT_READ


def test_the_catalogue_is_gathered_by_name_in_order():
    assert list(drills()) == ["auth_401", "server_errors_5xx", "timeouts"]
    assert all(name == drill.name for name, drill in drills().items())


def test_each_says_why_anybody_should_care():
    assert all(len(drill.why) > 40 and drill.title for drill in drills().values())


def test_auth_must_trip_on_exactly_one_bad_read():
    (first,) = drills()["auth_401"].faults
    assert (first.code, first.first, first.route) == (401, 1, CONTEXT_READ)


def test_5xx_come_one_after_the_other_and_outlive_the_first_probe():
    drill = drills()["server_errors_5xx"]
    assert [(fault.code, fault.first) for fault in drill.faults] == [(500, 1), (502, 1), (503, None)]
    assert drill.hold_again


def test_only_a_fault_that_holds_writes_too_excuses_them():
    for drill in drills().values():
        http_only = all(isinstance(fault, HttpFault) for fault in (*drill.faults, *drill.deepen))
        assert drill.writes_stored == http_only
