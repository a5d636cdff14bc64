"""The drills as detectors: each broken guard of tests/broken is caught by its drill, and by name.

`make matrix` runs them and prints the table of docs/drills.md.  That the sound guard raises no alarm is what
`make drill` shows.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from breaks import BREAKS

from chaos.stack.keeper import Keeper
from chaos.stack.local import LocalStack
from drills import subject
from drills.catalog import drills
from drills.checks.check import Result
from drills.history import History
from drills.inject import Injectors
from drills.progress import Progress
from drills.runner import Runner

pytestmark = pytest.mark.matrix
FOLDER = Path(__file__).parents[1] / "broken"
HOLD_S = 2.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """One stack for all of them; each guard gets an application of its own in front of it."""
    folder = tmp_path_factory.mktemp("stack")
    with Keeper() as keeper, LocalStack(folder, keeper, api_key="k") as endpoints:
        yield keeper, endpoints


@pytest.fixture
def rehearse(stack, tmp_path):
    keeper, endpoints = stack

    def rehearse(name, broken=""):
        with redis.Redis.from_url(endpoints.redis_direct_url) as server:
            server.flushall()
        path = os.pathsep.join([str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])])
        wrong = {"PYTHONPATH": path, "ZEP_GUARD_BROKEN": broken} if broken else {}
        assistant = subject.Assistant(keeper, endpoints, tmp_path, HOLD_S, "t", "k", wrong)
        target = assistant.start()
        injectors = Injectors(target, endpoints.injector, seed=7)
        try:
            with History(tmp_path) as history:
                runner = Runner(
                    target=target,
                    injectors=injectors,
                    keeper=keeper,
                    history=history,
                    run_id=f"matrix-{uuid4().hex[:4]}",  # turns of a load are known by it
                    seed=7,
                    variant=assistant.variant,
                    progress=Progress(print),
                )
                return runner.run(drills()[name])
        finally:
            injectors.close()
            assistant.stop()

    return rehearse


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_guard_is_caught_by_its_drill_and_by_name(rehearse, record_property, name):
    broken = BREAKS[name]
    verdict = rehearse(broken.drill, name)
    failed = [check.name for check in verdict.checks if check.result is Result.FAIL]
    record_property("matrix", json.dumps([name, broken.what, broken.drill, failed]))
    assert verdict.verdict is Result.FAIL, verdict.sentence
    assert broken.check in failed, verdict.complaints()


def test_there_are_enough_of_them():
    assert len(BREAKS) >= 25
    assert all(broken.drill in drills() and broken.what.endswith(".") for broken in BREAKS.values())
