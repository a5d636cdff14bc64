"""What stands beside Allure's results: the environment, the categories of failures, who ran it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from drills.history import Line
from drills.run import Run

ENVIRONMENT, CATEGORIES, EXECUTOR = "environment.properties", "categories.json", "executor.json"
BAD = ["failed", "broken"]
KINDS: list[dict[str, object]] = [
    {"name": "An undo was not verified", "messageRegex": r"[\s\S]*\bundo_verified:[\s\S]*"},
    {"name": "Stopped to spare the users", "messageRegex": r"[\s\S]*\bstop_condition:[\s\S]*"},
    {"name": "A check failed", "messageRegex": r"[\s\S]*\S+ failed: [\s\S]*"},
    {"name": "Inconclusive: nothing was proven", "messageRegex": r"[\s\S]*\S+ is inconclusive: [\s\S]*"},
]
"""The first that fits counts.  A message is a drill's sentence and a line for each bad check."""


def write(folder: Path, run: Run, stack: str) -> None:
    """Write all three into Allure's folder."""
    (folder / ENVIRONMENT).write_text(_properties(environment(_header(run), stack)), encoding="utf-8")
    kinds = [{**kind, "matchedStatuses": BAD} for kind in KINDS]
    (folder / CATEGORIES).write_text(json.dumps(kinds, indent=1), encoding="utf-8")
    (folder / EXECUTOR).write_text(json.dumps(executor() or _local(run), indent=1), encoding="utf-8")


def environment(header: Line, stack: str) -> dict[str, str]:
    """Return what it takes to repeat the run, from the journal's first line."""
    commit = f"{header.get('git') or 'none'}{', with changes' if header.get('dirty') else ''}"
    known = {
        "run": header["run"],
        "stack": stack,
        "target": (header.get("target") or {}).get("name", ""),
        "seed": header["seed"],
        "git": commit,
        "again": header.get("repeat", ""),
    }
    versions = {f"version.{name}": version for name, version in (header.get("versions") or {}).items()}
    return {name: str(value) for name, value in {**known, **versions}.items()}


def executor(environ: Mapping[str, str] = os.environ) -> dict[str, str | int]:
    """Return which CI job this is; empty where it is none."""
    if environ.get("GITHUB_ACTIONS") == "true":
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        project = f"{server}/{repository}"
        return {
            "name": "GitHub Actions",
            "type": "github",
            "url": project,
            "buildOrder": int(environ.get("GITHUB_RUN_NUMBER", "0")),
            "buildName": f"{environ.get('GITHUB_WORKFLOW', '')} #{environ.get('GITHUB_RUN_NUMBER', '')}",
            "buildUrl": f"{project}/actions/runs/{environ.get('GITHUB_RUN_ID', '')}",
        }
    if environ.get("GITLAB_CI") == "true":
        return {
            "name": "GitLab CI",
            "type": "gitlab",
            "url": environ.get("CI_PROJECT_URL", ""),
            "buildOrder": int(environ.get("CI_PIPELINE_IID", "0")),
            "buildName": f"{environ.get('CI_JOB_NAME', '')} #{environ.get('CI_PIPELINE_IID', '')}",
            "buildUrl": environ.get("CI_JOB_URL", ""),
        }
    return {}


def _local(run: Run) -> dict[str, str | int]:
    return {"name": "local", "type": "local", "buildName": run.run_id}


def _header(run: Run) -> Line:
    with run.history.path.open(encoding="utf-8") as journal:
        header: Line = json.loads(journal.readline())
    return header


def _properties(values: Mapping[str, str]) -> str:
    """Write Java properties: a backslash and a line break would mean something."""
    told = {name: value.replace("\\", "\\\\").replace("\n", "\\n") for name, value in values.items()}
    return "".join(f"{name.replace(' ', '.')}={value}\n" for name, value in told.items())
