"""A journal as the runner writes it: 50 req/s over two workers, a fault, a hold, a probe."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEADER = {
    "kind": "run",
    "schema": 1,
    "run": "20260101T000000Z-7f3a",
    "git": "abc1234",
    "dirty": False,
    "argv": ["pytest", "-m", "drill"],
    "seed": 7,
    "versions": {"redis": "valkey 9.1.2"},
    "target": {"name": "local"},
    "budgets": {},
    "repeat": "pytest -m drill --drill-seed 7",
}


def drill(name: str, begin: float, verdict: str = "pass", worker: str = "4711") -> Iterator[dict[str, Any]]:
    """Yield the lines of one drill that begins at `begin` and takes 12 s."""
    dice = random.Random(name)  # noqa: S311 - the same journal every time
    yield {"kind": "drill", "drill": name, "t": begin, "title": f"Title of {name}", "why": "Because."}
    phases = ("marker", "steady", "inject", "degraded", "heal", "recover", "after")
    for phase, at in zip(phases, (0, 0.1, 2, 2.1, 5, 5.1, 8), strict=True):
        yield {"kind": "phase", "drill": name, "t": begin + at, "phase": phase}
    fault = {"drill": name, "fault": "status", "name": f"drill-7f3a-{name}-1", "params": {"code": 401}}
    for kind, at in (("fault_armed", 2), ("fault_applied", 2.01), ("fault_hit", 2.05), ("fault_healed", 5)):
        yield {"kind": kind, "t": begin + at, **fault}
    yield {"kind": "probe", "drill": name, "t": begin + 7.0, "status": 200, "fault": None}
    for n in range(600):
        t = n / 50
        degraded = 2.06 < t < 7.02 and verdict != "fail"
        yield {
            "kind": "request",
            "drill": name,
            "t": round(begin + t, 4),
            "status": 500 if verdict == "fail" and 3 < t < 3.2 else 200,
            "ms": round(dice.lognormvariate(1.5, 0.4), 2),
            "worker": worker if n % 2 else "4712",
            "mode": "write_only" if degraded else "read_write",
            "source": "write_only_forced" if degraded else "zep",
            "reason": "auth" if degraded else None,
            "error": None,
        }
    yield {
        "kind": "verdict",
        "drill": name,
        "t": begin + 12,
        "verdict": verdict,
        "sentence": f"{name} {verdict}: as told",
        "checks": [
            {"name": "downgrade", "budget": 2.0, "measured": 0.31, "unit": "s", "result": verdict, "why": ""},
            {
                "name": "user_errors",
                "budget": 0,
                "measured": 0,
                "unit": "errors",
                "result": "pass",
                "why": "",
            },
        ],
        "facts": {
            "downgrade_s": 0.31,
            "recover_s": 2.4,
            "user_errors": 0,
            "degraded_p95_ms": 14.2,
            "probes": 1,
        },
    }


def minute(folder: Path) -> Path:
    """Write the journal of the busiest drill that takes a minute; return the folder."""
    name = "flapping"
    told = [line for line in drill(name, 0.0) if line["kind"] not in ("request", "verdict", "probe")]
    (judged,) = (line for line in drill(name, 0.0) if line["kind"] == "verdict")
    for n in range(12_000):
        t, down = n / 200, n // 100 % 2
        told.append(
            {
                "kind": "request",
                "drill": name,
                "t": t,
                "status": 500 if n % 7 == 0 else 200,
                "ms": 5.0 + n % 11,
                "worker": str(4711 + n % 2),
                "mode": "write_only" if down else "read_write",
                "source": "write_only_forced" if down or n % 5 == 0 else "zep",
                "reason": None,
                "error": None,
            }
        )
        if n % 3 == 0:
            told.append({"kind": "fault_hit", "drill": name, "t": t, "name": f"drill-7f3a-{name}-{n % 2}"})
        if n % 100 == 0:
            told.append({"kind": "probe", "drill": name, "t": t, "status": 503, "fault": "status"})
    told += [{**judged, "t": 60.0}, {"kind": "verdict", "drill": None, "t": 61.0, "verdict": "pass"}]
    (folder / "journal.ndjson").write_text("".join(json.dumps(line) + "\n" for line in [HEADER, *told]))
    return folder


def write(folder: Path, drills: dict[str, str], *, finished: bool = True, worker: str = "4711") -> Path:
    """Write the journal of a run of `drills`, name to verdict; return the folder."""
    lines: list[dict[str, Any]] = [HEADER]
    for n, (name, verdict) in enumerate(drills.items()):
        lines += drill(name, 12.5 * n, verdict, worker)
    if finished:
        worst = next((v for v in ("fail", "inconclusive") if v in drills.values()), "pass")
        lines.append({"kind": "verdict", "drill": None, "t": 99.0, "verdict": worst, "exit_code": 0})
    folder.mkdir(exist_ok=True)
    (folder / "journal.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder
