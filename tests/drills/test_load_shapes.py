"""The pure parts of the load: how much when, what people say, how it is counted."""

from __future__ import annotations

import json
import random

import pytest

from drills.load.buckets import Buckets
from drills.load.sessions import session
from drills.load.shapes import SHAPES, rate_at


@pytest.mark.parametrize(
    ("shape", "rates"),
    [
        ("steady", [100, 100, 100, 100, 100]),
        ("canary", [10, 10, 10, 10, 10]),
        ("peak", [50, 100, 200, 200, 50]),
        ("soak", [80, 120, 80, 120, 120]),
    ],
)
def test_a_shape_is_a_share_of_the_rate_over_time(shape, rates):
    moments = [1, 25, 51, 65, 99]
    assert [rate_at(shape, at_s, rate=100, for_s=100) for at_s in moments] == rates


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_ends(shape):
    assert rate_at(shape, 100, rate=100, for_s=100) is None


def test_conversations_have_several_turns_and_private_things_and_can_be_repeated():
    many, again = ([list(session(random.Random(n))) for n in range(200)] for _ in range(2))  # noqa: S311
    assert many == again
    assert {len(turns) for turns in many} == set(range(3, 9))
    assert any("@example" in text for turns in many for text in turns)
    assert any("4111" in text for turns in many for text in turns)


def test_requests_are_counted_by_the_100_ms_in_which_they_were_due():
    buckets = Buckets()
    for n in range(20):
        buckets.add(1.05, 10 + n, ok=n > 0)
    buckets.add(1.15, 7.4, ok=True)
    assert list(buckets.lines()) == [
        {"t": 1.0, "kind": "bucket", "n": 20, "errors": 1, "p50_ms": 19, "p95_ms": 28},
        {"t": 1.1, "kind": "bucket", "n": 1, "errors": 0, "p50_ms": 7, "p95_ms": 7},
    ]
    assert buckets.total() == (21, 1, 28)


def test_what_workers_counted_adds_up_once():
    whole, part = Buckets(), Buckets()
    for _ in range(2):
        part.add(1.0, 5, ok=False)
        whole.merge(json.loads(json.dumps(part.drain())))
    whole.merge(part.drain())
    assert whole.total() == (2, 2, 5)
