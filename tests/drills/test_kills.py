"""A run of drills that dies at a random moment: nothing is left, and the exit code says how it died.

KILLS=20 asks for more moments than CI has time for.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading

import httpx
import pytest
from awaiting import eventually
from pytest_run import PytestRun, standing_toxiproxy

from drills.catalog import drills
from drills.scenario import Dialogue

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
KILLS = int(os.environ.get("KILLS", "4"))
HEAL_WITHIN_S = {signal.SIGKILL: 2.0}
BOTH_S = 6.0
"""Two drills that are no dialogues take longer."""
CANCEL_S = 7.0
"""CI kills 7.5 s after it has asked."""


@pytest.fixture(scope="module")
def toxiproxy():
    with standing_toxiproxy() as url:
        yield url


@pytest.mark.stack
@pytest.mark.parametrize("seed", range(KILLS))
def test_nothing_is_left(toxiproxy, tmp_path, seed):
    dice = random.Random(seed)  # noqa: S311 - repeatable
    lasting = [name for name, drill in drills().items() if not isinstance(drill, Dialogue)]
    first, second = dice.sample(lasting, 2)
    signum, delay_s = SIGNALS[seed % len(SIGNALS)], dice.uniform(0, BOTH_S)
    run = PytestRun(tmp_path / "out", {"TOXIPROXY_URL": toxiproxy, "TMPDIR": str(tmp_path)})
    lines: list[str] = []
    process = run.start("-k", f"test_drill[{first}] or test_drill[{second}]")
    with process.stdout as told:
        assert any(re.search(" marker ", line) for line in told), "a drill has begun"
        reader = threading.Thread(target=lambda: lines.extend(told))  # a full pipe would hold it up
        reader.start()
        threading.Event().wait(delay_s)  # the moment is the point, there is no condition to wait for
        process.send_signal(signum)
        within_s = HEAL_WITHIN_S.get(signum, CANCEL_S)
        eventually(lambda: run.left() == [], within_s=within_s)
        reader.join()
    told = f"{first}, {second}: {signum.name} after {delay_s:.1f} s\n{''.join(lines)}"
    assert process.wait() == (-signum if signum == signal.SIGKILL else 130), told
    assert httpx.get(f"{toxiproxy}/proxies", trust_env=False).json() == {}, told
    assert list(tmp_path.glob("zep-drill-*")) == [], told
