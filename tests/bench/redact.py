"""Redaction beside its peers: `python tests/bench/redact.py [--json] [--quick] [--peers-python PATH]`.

CPU time of this process, the best of some rounds for each text: noise only ever adds.  Peers run in the
interpreter that has them; a missing one is named.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2])]

from guard.redact import HAS_RE2, Redactor  # noqa: E402 - found by the line above
from tests.bench.redact_peer import PACKAGES, took_us  # noqa: E402
from tests.bench.redact_texts import HOSTILE, hostile, texts  # noqa: E402

Figures = dict[str, Any]
KINDS = ("chat", "mixed", "numeric")
ROUNDS, TEXTS, QUICK_TEXTS = 5, 200, 10
SIZE, SMALLER, SEED_S = 100_000, 12_500, 0.02
"""Characters of a hostile text; below SEED_S seconds a growth is noise."""
GOALS = {
    "chat": ("mean", 8.0),
    "mixed": ("mean", 60.0),
    "mixed p99": ("p99", 250.0),
    "numeric": ("mean", 120.0),
}
HOSTILE_S, EXPONENT = 0.25, 1.2
PEER_DIES_S = 600.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--quick", action="store_true", help="a few texts only: shows the shape")
    parser.add_argument("--peers-python", default=sys.executable, help="the interpreter that has the peers")
    options = parser.parse_args(argv)
    figures = measure(QUICK_TEXTS if options.quick else TEXTS, options.peers_python)
    print(json.dumps(figures) if options.json else table(figures))
    return 0


def measure(many: int, peers_python: str) -> Figures:
    job = {kind: texts(kind, many) for kind in KINDS}
    rows = [own("zep-guard", job, use_re2=HAS_RE2), own("zep-guard without RE2", job, use_re2=False)]
    rows += [peer(name, job, peers_python) for name in PACKAGES]
    figures = {"python": platform.python_version(), "rows": rows, "hostile": hostility()}
    return figures | {"goals": goals(figures)}


def own(name: str, job: dict[str, list[str]], *, use_re2: bool) -> Figures:
    began = time.process_time_ns()
    redactor = Redactor(use_re2=use_re2)
    redactor.text("hello ann@example.com")
    ready_ms = (time.process_time_ns() - began) / 1e6
    return row(name, ready_ms, {k: [took_us(redactor.text, t, ROUNDS) for t in ts] for k, ts in job.items()})


def peer(name: str, job: dict[str, list[str]], python: str) -> Figures:
    script = Path(__file__).with_name("redact_peer.py")
    asked = json.dumps({"texts": job, "rounds": ROUNDS})
    done = subprocess.run(
        [python, str(script), name],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        timeout=PEER_DIES_S,
    )
    if done.returncode:
        return {"name": name, "failed": done.stderr.strip().splitlines()[-1:]}
    said = json.loads(done.stdout)
    return {"name": name, **said} if "missing" in said else row(name, said["ready_ms"], said["us"])


def row(name: str, ready_ms: float, took: dict[str, list[float]]) -> Figures:
    return {"name": name, "ready_ms": round(ready_ms, 1), **{kind: summary(us) for kind, us in took.items()}}


def summary(took: list[float]) -> dict[str, float]:
    ordered = sorted(took)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return {"mean": round(statistics.mean(took), 1), "p99": round(p99, 1)}


def hostility() -> list[Figures]:
    """Return for each hostile text its seconds and how they grow with its length: 1 is linear."""
    redactor = Redactor()
    rows = []
    for name, unit in HOSTILE.items():
        small, large = (took_us(redactor.spans, hostile(unit, size), 3) / 1e6 for size in (SMALLER, SIZE))
        grows = math.log(large / small, SIZE / SMALLER) if large > SEED_S else 0.0
        rows.append({"name": name, "s": round(large, 4), "exponent": round(grows, 2)})
    return rows


def goals(figures: Figures) -> list[Figures]:
    ours = figures["rows"][0]
    judged = [
        (f"{name}, {what} <= {most:g} us", ours[name.split()[0]][what], most)
        for name, (what, most) in GOALS.items()
    ]
    judged.append(
        (f"worst of 100 KB <= {HOSTILE_S} s", max(one["s"] for one in figures["hostile"]), HOSTILE_S)
    )
    judged.append((f"growth <= {EXPONENT}", max(one["exponent"] for one in figures["hostile"]), EXPONENT))
    return [{"goal": goal, "measured": measured, "met": measured <= most} for goal, measured, most in judged]


def table(figures: Figures) -> str:
    lines = [
        f"{'us for 500 characters: mean (p99)':<36}{'ready ms':>10}" + "".join(f"{k:>20}" for k in KINDS)
    ]
    for one in figures["rows"]:
        if "chat" in one:
            cells = "".join(f"{_cell(one[kind]):>20}" for kind in KINDS)
            lines.append(f"{one['name']:<36}{one['ready_ms']:>10}{cells}")
        else:
            lines.append(f"{one['name']:<36}{(one.get('missing') and 'not installed') or one['failed']}")
    worst = sorted(figures["hostile"], key=lambda one: -one["s"])[:5]
    lines += [
        "",
        "100 KB, worst five: " + ", ".join(f"{one['name']} {one['s']} s ^{one['exponent']}" for one in worst),
        "",
    ]
    lines += [f"{'met' if g['met'] else 'MISSED':<7} {g['goal']}: {g['measured']}" for g in figures["goals"]]
    return "\n".join(lines)


def _cell(took: dict[str, float]) -> str:
    return f"{took['mean']} ({took['p99']})"


if __name__ == "__main__":
    sys.exit(main())
