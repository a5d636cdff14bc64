"""Any text, any metadata: no crash, once is enough, and both gates agree."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from scoring import texts

from guard.redact import Redactor, RedactPolicy

FAST, PLAIN = Redactor(use_re2=True), Redactor(use_re2=False)
KEYED = Redactor(RedactPolicy(surrogate_key=b"sixteen bytes of it"))
VALUES = sorted({row.text[start:end] for row in texts("dev") for start, end, _ in row.spans})[::7]
GLUE = st.text(alphabet=st.sampled_from("ab@.+-() 05321:/=\"'[]_\n\u200b\u00a0"), max_size=12)
WORDS = (
    "password",
    "is ",
    "=",
    ": ",
    "token=",
    "call ",
    "tel ",
    "ssn ",
    "://",
    "@",
    "[EMAIL]",
    "[PHONE]",
    "Bearer ",
    "\\n",
)
PIECES = st.lists(st.one_of(st.sampled_from(VALUES), st.sampled_from(WORDS), GLUE), max_size=6).map("".join)
ANY = st.text(alphabet=st.characters(), max_size=80)  # lone surrogates among them
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), PIECES, ANY, st.binary(max_size=4))
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(
            st.one_of(PIECES, st.sampled_from(["password", "email", "token"]), st.integers()),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(PIECES)
def test_twice_is_once(text):
    once, _ = FAST.text(text)
    assert FAST.text(once) == (once, {})


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_surrogates_are_never_found_again(text):
    once, _ = KEYED.text(text)
    assert KEYED.text(once) == (once, {})
    assert FAST.text(once) == (once, {})


@settings(max_examples=300, deadline=None)
@given(st.one_of(PIECES, ANY))
def test_both_gates_find_the_same(text):
    assert FAST.spans(text) == PLAIN.spans(text)


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_no_text_is_too_strange(text):
    clean, counts = FAST.text(text)
    assert (clean is text) == (not counts)


@settings(max_examples=200, deadline=None)
@given(NESTED)
def test_metadata_of_any_shape_is_walked_and_once_is_enough(value):
    clean, counts = FAST.metadata(value)
    assert clean is value or counts
    if "dropped" not in counts:
        assert FAST.metadata(clean)[1] == {}


@settings(max_examples=100, deadline=None)
@given(PIECES)
def test_spans_are_disjoint_and_in_order(text):
    spans = FAST.spans(text)
    assert all(one.start < one.end <= len(text) for one in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
