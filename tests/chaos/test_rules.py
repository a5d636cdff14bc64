"""Which fault hits which request."""

from __future__ import annotations

import pytest

from chaos.faults import Hang, Latency, Status
from chaos.gateway.rules import Rules, route_pattern

PATH = "/api/v4/threads/t1/context"


@pytest.fixture
def rules() -> Rules:
    return Rules()


def hits(rules: Rules, n: int, now: float = 0.0) -> int:
    return sum(rules.decide("GET", PATH, now).fault is not None for _ in range(n))


@pytest.mark.parametrize(
    ("route", "request_line", "matches"),
    [
        ("GET /api/*/threads/*/context", f"GET {PATH}", True),
        ("GET /api/*/threads/*/context", f"POST {PATH}", False),
        ("* /api/**", f"DELETE {PATH}", True),
        ("* /**", "GET /", True),
        ("GET /api/*", f"GET {PATH}", False),
        ("GET /a.b", "GET /aXb", False),
        ("GET /api/*/{threads/*/context,sessions/*/memory}", f"GET {PATH}", True),
        ("GET /api/*/{threads/*/context,sessions/*/memory}", "GET /api/v1/sessions/a%20b/memory", True),
        ("GET /api/*/{threads/*/context,sessions/*/memory}", "GET /api/v1/threads/t/memory", False),
        ("GET /{a", "GET /{a", True),
    ],
)
def test_routes(route, request_line, matches):
    assert bool(route_pattern(route).fullmatch(request_line)) is matches


@pytest.mark.parametrize("route", ["", "GET", "/api", "GET api"])
def test_a_route_that_means_nothing_is_refused(route):
    with pytest.raises(ValueError, match="METHOD /path"):
        route_pattern(route)


def test_first_n(rules):
    rules.add("a", Status(first=2), 5, 0)
    assert hits(rules, 5) == 2


def test_percent_is_of_requests_and_repeats_with_its_seed(rules):
    rules.add("a", Status(percent=30, seed=7), 5, 0)
    seen = [rules.decide("GET", PATH, 0).name for _ in range(1000)]
    assert seen.count("a") == 336  # what the dice of seed 7 give
    again = Rules()
    again.add("a", Status(percent=30, seed=7), 5, 0)
    assert [again.decide("GET", PATH, 0).name for _ in range(1000)] == seen


def test_a_window_opens_and_closes(rules):
    rules.add("a", Status(after_s=1, for_s=2), 60, 10)
    assert [hits(rules, 1, now) for now in (10, 10.9, 11, 12.9, 13)] == [0, 0, 1, 1, 0]


def test_a_lease_that_nobody_renews_heals(rules):
    rules.add("a", Status(), 5, 0)
    rules.renew("a", 5, 4)
    assert hits(rules, 1, 8.9) == 1
    assert hits(rules, 1, 9) == 0
    assert rules.active(9) == []
    assert rules.hits() == {"a": 1}


def test_the_first_fault_that_fires_wins_and_latency_adds_up(rules):
    rules.add("slow", Latency(delay_ms=100), 5, 0)
    rules.add("once", Status(code=500, first=1), 5, 0)
    rules.add("rest", Hang(), 5, 0)
    first, second = (rules.decide("GET", PATH, 0) for _ in range(2))
    assert (first.name, first.delay_s) == ("once", 0.1)
    assert (second.name, second.delay_s) == ("rest", 0.1)


def test_other_routes_do_not_roll_the_dice(rules):
    rules.add("a", Status(route="GET /a", percent=50), 5, 0)
    alone = [rules.decide("GET", "/a", 0).name for _ in range(50)]
    again = Rules()
    again.add("a", Status(route="GET /a", percent=50), 5, 0)
    mixed = [again.decide("GET", path, 0).name for _ in range(50) for path in ("/b", "/a")]
    assert mixed[1::2] == alone


def test_hits_outlive_a_fault_and_add_up_under_its_name(rules):
    for _ in range(2):
        rules.add("a", Status(), 5, 0)
        hits(rules, 3)
        rules.remove("a")
    assert rules.hits() == {"a": 6}
