"""Modes compose by what both allow."""

from __future__ import annotations

import pytest

from guard.modes import Mode, mode_of, weaker


@pytest.mark.parametrize("mode", Mode)
def test_a_mode_is_what_it_allows(mode):
    assert mode_of(reads=mode.reads, writes=mode.writes) is mode


@pytest.mark.parametrize("a", Mode)
@pytest.mark.parametrize("b", Mode)
def test_the_weaker_of_two_allows_what_both_do(a, b):
    both = weaker(a, b)
    assert (both.reads, both.writes) == (a.reads and b.reads, a.writes and b.writes)
