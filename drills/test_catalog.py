"""Every drill of the catalogue: `pytest -m drill [-k NAME]`."""

from __future__ import annotations

import pytest

from drills.catalog import drills
from drills.verdict import Verdict


@pytest.mark.drill
@pytest.mark.parametrize("verdict", drills().values(), ids=list(drills()), indirect=True)
def test_drill(verdict: Verdict) -> None:
    if not verdict.passed:
        pytest.fail("\n".join(verdict.complaints()), pytrace=False)
