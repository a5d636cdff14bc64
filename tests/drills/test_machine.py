"""How long tasks waited for a CPU, from a file of the kernel's."""

from __future__ import annotations

import itertools

import pytest

from drills.machine import Waiting

LINES = "some avg10=1.00 avg60=2.00 avg300=3.00 total={}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"


@pytest.mark.parametrize(("waited_us", "share"), [(0, 0.0), (1_500_000, 0.75), (9_000_000, 1.0)])
def test_the_share_of_the_time_since_then(tmp_path, waited_us, share):
    file, clock = tmp_path / "cpu", itertools.count(10.0, 2.0)
    file.write_text(LINES.format(5_000_000))
    waiting = Waiting(file, lambda: next(clock))
    file.write_text(LINES.format(5_000_000 + waited_us))
    assert waiting.share() == share


@pytest.mark.parametrize("text", [None, "", "nonsense"])
def test_where_the_kernel_does_not_tell_nothing_is_known(tmp_path, text):
    file = tmp_path / "cpu"
    if text is not None:
        file.write_text(text)
    assert Waiting(file).share() is None
