"""`pytest -m drill` as a process of its own, and what it leaves behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARK = "ZEP_GUARD_TEST_RUN"


@dataclass
class PytestRun:
    """`pytest -m drill` as a process of its own; every process it starts carries MARK in its environment."""

    out: Path
    environ: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def start(self, *words: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "pytest", "-m", "drill", "-p", "no:cacheprovider"]
        argv += [
            "-c",
            str(ROOT / "pyproject.toml"),
            "--rootdir",
            str(ROOT),
            "--drill-out",
            str(self.out),
            *words,
        ]
        environ = {**os.environ, MARK: self.mark, **self.environ}
        return subprocess.Popen(argv, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)

    def left(self) -> list[str]:
        """Return the commands that still run."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # ended while we looked, or not ours
        return found

    def journal(self) -> str:
        return next(iter(self.out.glob("*/journal.ndjson"))).read_text()


@contextmanager
def standing_toxiproxy() -> Iterator[str]:
    """A Toxiproxy that was there before the drill and is there after it."""
    argv = [sys.executable, "-m", "chaos.cli", "toxiproxy", "--port", "0"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        yield "http://" + re.search(r'"listen": "([^"]*)"', process.stdout.readline()).group(1)
    finally:
        process.terminate()
        process.communicate()
