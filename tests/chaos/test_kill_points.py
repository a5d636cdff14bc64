"""Fifty seeded points at which the injecting process gets a signal: 2 s later no fault is left."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice, product
from pathlib import Path
from typing import NamedTuple

import pytest

from chaos.injectors.l4 import L4
from chaos.injectors.l7 import Gateway

pytestmark = pytest.mark.stack

POINTS = 52
SEED = 4
GONE_AFTER_S = 2.0
SCRIPT = Path(__file__).parents[1] / "support" / "kill_points.py"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STAGES = ("arming", "applied", "healing")
WAYS = (("hand", "status"), ("drill", "timeout"), ("hand", "down"), ("drill", "status"), ("hand", "timeout"))
SIDE_BY_SIDE = 3
SURELY_REACHED = 0.8
"""An answer that comes in other pieces than last time takes some lines more or less to read."""


class Site(NamedTuple):
    """Two injectors and a proxy of one worker's own: what it finds there is its own."""

    gateway: str
    toxiproxy: str

    def left(self) -> list[str]:
        gateway = Gateway(self.gateway)
        try:
            return gateway.active() + L4(self.toxiproxy).active()
        finally:
            gateway.close()


class Point(NamedTuple):
    how: str
    kind: str
    stage: str
    line: int
    signum: int


@pytest.fixture
def sites(launch, zep):
    def site():
        gateway = launch(
            "gateway", "--listen", "127.0.0.1:0", "--upstream", f"http://{zep}", "--admin", "127.0.0.1:0"
        )
        toxiproxy = f"http://{launch('toxiproxy', '--port', '0')['listen']}"
        L4(toxiproxy).create("p", "127.0.0.1:9")
        return Site(f"http://{gateway['admin']}", toxiproxy)

    return [site() for _ in range(SIDE_BY_SIDE)]


def run(site: Site, point: Point) -> tuple[list[dict[str, float]], int]:
    where = [site.gateway, site.toxiproxy, "p", point.stage, str(point.line), str(int(point.signum))]
    argv = [sys.executable, str(SCRIPT), point.how, point.kind, *where]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        told = [json.loads(line) for line in process.stdout if line.startswith("{")]
    return told, process.returncode


def left_after(site: Site, point: Point) -> tuple[Point, list[str]]:
    """What is still in place 2 s after the signal; it may end itself earlier, and nothing may come back."""
    told, _ = run(site, point)
    killed = next((line["killed"] for line in told if "killed" in line), None)
    assert killed is not None, f"{point}: the line was never reached"
    time.sleep(max(0.0, killed + GONE_AFTER_S - time.monotonic()))  # the contract's own 2 s
    return point, site.left()


def points(lines: dict[tuple[str, str], dict[str, int]]) -> list[Point]:
    dice = random.Random(SEED)  # noqa: S311 - the same points each time
    chosen = islice(zip(cycle(product(SIGNALS, STAGES)), cycle(lines), strict=False), POINTS)
    return [
        Point(how, kind, stage, dice.randint(1, int(lines[how, kind][stage] * SURELY_REACHED)), signum)
        for (signum, stage), (how, kind) in chosen
    ]


def test_whatever_kills_the_injecting_process_wherever_no_fault_is_left_after_2_s(sites):
    lines = {}
    for how, kind in WAYS:
        told, code = run(sites[0], Point(how, kind, "none", 0, 0))
        assert (code, set(told[-1])) == (0, set(STAGES))
        lines[how, kind] = told[-1]
    chosen = points(lines)
    assert {(p.signum, p.stage) for p in chosen} == set(product(SIGNALS, STAGES))
    shares = [chosen[n::SIDE_BY_SIDE] for n in range(SIDE_BY_SIDE)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        mapped = pool.map(lambda site, share: [left_after(site, point) for point in share], sites, shares)
        ended = [one for share in mapped for one in share]
    assert len(ended) == POINTS >= 50
    assert [(point, left) for point, left in ended if left] == []
