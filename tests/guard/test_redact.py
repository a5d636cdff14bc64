"""Emails and phones leave; what only looks like one stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.redact import redact, redact_messages


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("mail ann.b+x@example.co.uk, please", "mail [EMAIL], please"),
        ("a@b.io and c@d.org", "[EMAIL] and [EMAIL]"),
        ("call +90 532 123 45 67 now", "call [PHONE] now"),
        ("call +44 (20) 7946-0958.", "call [PHONE]."),
        ("+12025550143", "[PHONE]"),
        ("0532 123 45 67", "[PHONE]"),
        ("05321234567", "[PHONE]"),
        ("(532) 123 45 67", "[PHONE]"),
    ],
)
def test_what_leaves(text, clean):
    assert redact(text).text == clean


@pytest.mark.parametrize(
    "text",
    [
        "order 5551234567890",
        "order 5321234567",
        "2026-01-05 15:32:12.345",
        "1767225600",
        "5 + 5 = 10",
        "version 5.123.45.67",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "a @ b",
        "user@localhost",
        "price 5.320,00 TL",
        "commit 5deadbeef5",
        "+5 C today, +12 tomorrow",
    ],
)
def test_what_stays(text):
    assert redact(text).text is text


def test_findings_are_counted_by_type():
    assert redact("a@b.io +12025550143 c@d.io").counts == {"email": 2, "phone": 1}


@given(st.text(alphabet=st.sampled_from("ab@.+-() 05321"), max_size=60))
def test_twice_is_once(text):
    once = redact(text).text
    assert redact(once).text == once


def test_every_message_of_a_batch_and_names_too():
    said = [
        {"role": "user", "content": "a@b.io", "name": "c@d.io"},
        {"role": "assistant", "content": "I will write to a@b.io"},
        {"role": "user", "content": "fine"},
    ]
    clean, counts = redact_messages(said)
    assert [m["content"] for m in clean] == ["[EMAIL]", "I will write to [EMAIL]", "fine"]
    assert clean[0]["name"] == "[EMAIL]"
    assert clean[2] is said[2]
    assert counts == {"email": 3}
    assert said[0]["content"] == "a@b.io"
