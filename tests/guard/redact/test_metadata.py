"""Nested values: every text in them, names that hide something, and what cannot be walked."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from guard.redact import Redactor

REDACTOR = Redactor()


def test_texts_numbers_and_names_are_redacted_at_any_depth():
    value = {"a": [{"b": ("x@y.io", 4111111111111111)}], "c@d.io": 1}
    clean, counts = REDACTOR.metadata(value)
    assert clean == {"a": [{"b": ["[EMAIL]", "[CARD]"]}], "[EMAIL]": 1}
    assert counts == {"email": 2, "card": 1}


def test_what_stands_behind_a_telling_name_goes_whatever_it_is():
    value = {
        "userPassword": "x",
        "api-key": ["a", "b"],
        "Phone_Number": 5321234567,
        "e-mail": {"a": 1},
        "ip": "here",
    }
    clean, counts = REDACTOR.metadata(value)
    assert clean == {
        "userPassword": "[SECRET]",
        "api-key": "[SECRET]",
        "Phone_Number": "[PHONE]",
        "e-mail": "[EMAIL]" if "email" in counts else {"a": 1},
        "ip": "[IP]",
    }


@pytest.mark.parametrize(
    "value", [{"token_count": 5, "max_tokens": 4096}, {"password": None}, {"author": "Ann"}, {}]
)
def test_what_only_looks_like_one_stays(value):
    assert REDACTOR.metadata(value) == (value, {})


def test_nothing_found_is_the_same_object():
    value = {"a": [1, 2.5, None, True, datetime.now(UTC), uuid4()], "b": {"c": "fine"}}
    clean, counts = REDACTOR.metadata(value)
    assert clean is value
    assert counts == {}


@pytest.mark.parametrize("strange", [b"a@b.io", object(), {1, 2}, bytearray(b"x"), 1j, print])
def test_what_cannot_be_walked_is_left_out_and_counted(strange):
    assert REDACTOR.metadata({"a": strange, "b": [strange, 1]}) == ({"b": [None, 1]}, {"dropped": 2})


def test_two_names_that_become_one_lose_no_value():
    assert REDACTOR.metadata({"a@b.io": 1, "c@d.io": 2})[0] == {"[EMAIL]": 1, "[EMAIL]_2": 2}


def test_a_value_that_holds_itself_or_has_no_end_is_left_out():
    loop: dict[str, object] = {"email": "a@b.io"}
    loop["self"] = loop
    assert "a@b.io" not in str(REDACTOR.metadata(loop)[0])
    assert REDACTOR.metadata(["x"] * 20_000) == (None, {"dropped": 1})
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"a": deep}
    assert REDACTOR.metadata(deep)[1] == {"dropped": 1}


@pytest.mark.parametrize("name", ["a@b.io", "!a@b.io"])
def test_a_name_that_was_redacted_hides_nothing_more(name):
    clean, _ = REDACTOR.metadata({name: [None]})
    assert REDACTOR.metadata(clean) == (clean, {})


def test_done_twice_it_is_done_once():
    clean, _ = REDACTOR.metadata({"password": "x", "a@b.io": ["+12025550143"], "c@d.io": 4111111111111111})
    assert REDACTOR.metadata(clean) == (clean, {})
