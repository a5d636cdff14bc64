"""One run: its folder, its journal, its exit code, its report."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import secrets
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from drills.history import FILE_NAME, History, Redactor, parsed, wall_clock
from drills.target import Target
from drills.verdict import Exit

SCHEMA = 1
LATEST = "latest"
GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a run, by a process of its own; `t0` is the monotonic second that all parts count from."""

    run_id: str
    name: str
    t0: float


@dataclass(slots=True)
class Run:
    """Made by `begin`, ended by `finish`."""

    run_id: str
    folder: Path
    seed: int
    history: History

    @classmethod
    def begin(
        cls,
        out: Path,
        *,
        seed: int,
        argv: Sequence[str],
        root: Path,
        target: Target,
        versions: Mapping[str, str],
        hide: Sequence[str] = (),
        part: Part | None = None,
    ) -> Self:
        """Make ``out/<run id>``, open its journal and point ``out/latest`` to it; or begin part of a run."""
        run_id = part.run_id if part else new_id()
        folder = out / run_id / (part.name if part else "")
        folder.mkdir(parents=True)
        history = History(folder, Redactor([target.token, *hide]), t0=part.t0 if part else None)
        history.append(
            {
                "kind": "run",
                "schema": SCHEMA,
                "run": run_id,
                "wall": wall_clock(),
                **_git(root),
                "argv": list(argv),
                "seed": seed,
                "versions": {**_versions(), **versions},
                "target": target.public(),
                "budgets": asdict(target.budgets),
                "repeat": _repeat(argv, seed),
            }
        )
        if part is None:
            _point(out / LATEST, run_id)
        return cls(run_id, folder, seed, history)

    @classmethod
    def of_parts(cls, folder: Path) -> Self | None:
        """Make one run of the parts in its folder, lines in order of time; None where there are none."""
        parts = [part.read_text(encoding="utf-8") for part in sorted(folder.glob(f"*/{FILE_NAME}"))]
        whole = [line for part in parts for line in map(parsed, part.splitlines()) if line]
        if not whole:
            return None
        history = History(folder)
        for line in sorted(whole, key=lambda line: float(line.get("t", 0.0))):
            if line.get("kind") != "run" or line is whole[0]:
                history.append(line)
        _point(folder.parent / LATEST, folder.name)
        return cls(folder.name, folder, int(whole[0].get("seed", 0)), history)

    def finish(self, exit_code: int) -> Path:
        """Write the verdict of the whole run, close the journal and render the report; returns its path."""
        names = {Exit.PASS: "pass", Exit.INCONCLUSIVE: "inconclusive", Exit.INTERRUPTED: "inconclusive"}
        verdict = next((name for code, name in names.items() if code == exit_code), "fail")
        self.history.write("verdict", drill=None, verdict=verdict, exit_code=exit_code)
        self.history.close()
        from reports.render import publish  # noqa: PLC0415 - jinja2 is loaded when there is something to render

        return publish(self.folder)


def new_id() -> str:
    """Return an id for a run: when it began, and something that no other has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("zep-guard", "zep-cloud", "pytest", "aiohttp"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions


def _repeat(argv: Sequence[str], seed: int) -> str:
    words = list(argv)
    if not any(word.startswith("--drill-seed") for word in words):
        words += ["--drill-seed", str(seed)]
    return shlex.join(words)


def _git(root: Path) -> dict[str, Any]:
    commit, changes = (
        _git_says(root, "rev-parse", "--short", "HEAD"),
        _git_says(root, "status", "--porcelain"),
    )
    return {"git": commit or None, "dirty": bool(changes)}


def _git_says(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(root), *words],  # noqa: S607 - whichever git is there
            capture_output=True,
            text=True,
            check=False,
            timeout=GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _point(link: Path, run_id: str) -> None:
    """Replace the link in one step; a file system without links does without."""
    fresh = link.with_name(f".{LATEST}-{run_id}")
    with contextlib.suppress(OSError):
        fresh.symlink_to(run_id, target_is_directory=True)
        fresh.replace(link)
