"""The import contracts of ARCHITECTURE.md hold, and each of them can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = {
    "guard, chaos and reports import none of the others": ("chaos/faults.py", "import guard.modes"),
    "only the assistant imports guard": ("drills/target.py", "import guard.modes"),
    "nothing imports the assistant": ("drills/cli.py", "import drills.assistant.views"),
    "words, brain and ports are pure": ("guard/machine.py", "import time"),
    "a verdict never sees the runner": ("drills/verdict.py", "import drills.runner"),
    "reports never start a run": ("reports/record.py", "import subprocess"),
    "the floors of guard": ("guard/machine.py", "import guard.service"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    lint_imports = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [lint_imports, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": "."},
    )


def test_the_contracts_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_contract_is_seen_to_fail_below():
    names = re.findall(r'^name = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert set(BREACHES) == set(names) - {"zep-guard"}


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_is_found(contract, tmp_path):
    file, line = BREACHES[contract]
    for folder in ("guard", "chaos", "drills", "reports"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("out", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert re.search(rf"^{re.escape(contract)} BROKEN", done.stdout, re.MULTILINE), done.stdout
