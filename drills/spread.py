"""Drills spread over the workers of pytest-xdist: a stack for each, one journal and one exit code for all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from drills.run import Run
    from drills.session import Tally

KEY = "zep_drill"
ASKED = pytest.StashKey[dict[str, Any]]()


def is_worker(config: pytest.Config) -> bool:
    """Tell whether this process runs drills for another one."""
    return hasattr(config, "workerinput")


def is_spread(config: pytest.Config) -> bool:
    """Tell whether other processes run drills for this one."""
    return bool(config.getoption("numprocesses", None)) and not is_worker(config)


def ask(node: Any, argv: list[str], seed: int) -> None:
    """Tell a worker which part of the run is its; seed and clock are the same for all."""
    from drills.run import new_id  # noqa: PLC0415 - inert until a drill runs

    whole = node.config.stash.setdefault(
        ASKED, {"run_id": new_id(), "t0": time.monotonic(), "argv": argv, "seed": seed}
    )
    part = {"run_id": whole["run_id"], "name": node.gateway.id, "t0": whole["t0"]}
    node.workerinput[KEY] = {"argv": whole["argv"], "seed": whole["seed"], "part": part}


def pids(node: Any) -> list[int]:
    """Return the process of a worker; none where execnet, whose private matter it is, hides it."""
    process = getattr(getattr(node.gateway, "_io", None), "popen", None)
    return [process.pid] if process else []


def asked(config: pytest.Config) -> dict[str, Any]:
    """Return what this worker was told; {} in a process that is none."""
    found: dict[str, Any] = getattr(config, "workerinput", {}).get(KEY, {})
    return found


def report(config: pytest.Config, tally: Tally) -> None:
    """Hand what a worker remembers to the process that asked."""
    output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]  # xdist puts it there
    output[KEY] = {"codes": [int(code) for code in tally.codes], "lines": tally.lines}


def take(node: Any, tally: Tally) -> None:
    """Take it; a worker that died handed over nothing."""
    found = getattr(node, "workeroutput", {}).get(KEY, {})
    tally.codes += found.get("codes", [])
    tally.lines += found.get("lines", [])


def gathered(config: pytest.Config, out: Path) -> Run | None:
    """Make one run of what the workers wrote; None where they ran nothing."""
    from drills.run import Run  # noqa: PLC0415 - inert until a drill runs

    whole = config.stash.get(ASKED, None)
    return Run.of_parts(out / whole["run_id"]) if whole else None
