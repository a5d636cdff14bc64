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

from drills.history import History, Redactor, wall_clock
from drills.target import Target
from drills.verdict import Exit

SCHEMA = 1
LATEST = "latest"
GIT_TIMEOUT_S = 5.0


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
    ) -> Self:
        """Make ``out/<run id>``, open its journal and point ``out/latest`` to it."""
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        folder = out / run_id
        folder.mkdir(parents=True)
        history = History(folder, Redactor([target.token, *hide]))
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
        _point(out / LATEST, run_id)
        return cls(run_id, folder, seed, history)

    def finish(self, exit_code: int) -> Path:
        """Write the verdict of the whole run, close the journal and render the report; returns its path."""
        names = {Exit.PASS: "pass", Exit.INCONCLUSIVE: "inconclusive", Exit.INTERRUPTED: "inconclusive"}
        verdict = next((name for code, name in names.items() if code == exit_code), "fail")
        self.history.write("verdict", drill=None, verdict=verdict, exit_code=exit_code)
        self.history.close()
        from reports.render import publish  # noqa: PLC0415 - jinja2 is loaded when there is something to render

        return publish(self.folder)


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
