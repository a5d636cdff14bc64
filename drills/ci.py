"""What CI shows of a gate: GitHub's step summary, annotations and outputs, as texts.  GitLab reads JUnit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from drills.outcome import Outcome

ANNOTATIONS = 10
"""GitHub shows so many of a kind for a step."""
SIGNS = {"pass": "passed", "fail": "**failed**"}
KINDS = {"fail": "error"}


def tell(outcome: Outcome, environ: Mapping[str, str] = os.environ, *, to: TextIO) -> None:
    """Tell GitHub, where it is GitHub that asks."""
    if environ.get("GITHUB_ACTIONS") == "true":
        to.writelines(f"{line}\n" for line in commands(outcome))
    for name, text in (("GITHUB_STEP_SUMMARY", summary(outcome)), ("GITHUB_OUTPUT", outputs(outcome))):
        if environ.get(name):
            with Path(environ[name]).open("a", encoding="utf-8") as file:
                file.write(text)


def summary(outcome: Outcome) -> str:
    """Return Markdown: the verdict, a row for each drill, what was left out; some kilobytes of 1 MiB."""
    rows = [
        f"| {drill['name']} | {SIGNS.get(drill['verdict'], drill['verdict'])} | {_cell(drill['sentence'])} |"
        for drill in outcome.drills
    ]
    table = ["| drill | verdict | |", "|---|---|---|", *rows, ""] if rows else []
    left = f"Left out, because {outcome.why_left_out}: {', '.join(outcome.left_out)}.\n"
    title = f"### Drills on {outcome.target}: {outcome.sentence}"
    return "\n".join([title, "", *table, left if outcome.left_out else ""])


def commands(outcome: Outcome) -> Iterator[str]:
    """Yield a workflow command for each drill that did not pass, ten of a kind at most."""
    bad = [(KINDS.get(d["verdict"], "warning"), d) for d in outcome.drills if d["verdict"] != "pass"]
    for kind in ("error", "warning"):
        told = [drill for own, drill in bad if own == kind]
        for drill in told[: ANNOTATIONS - 1]:
            yield f"::{kind} title=drill {drill['name']}::{_escaped(drill['sentence'])}"
        rest = [drill["name"] for drill in told[ANNOTATIONS - 1 :]]
        if rest:
            yield f"::{kind} title={len(rest)} more drills::{_escaped(', '.join(rest))}"
    if outcome.exit_code and not bad:
        yield f"::error title=drills::{_escaped(outcome.sentence)}"


def outputs(outcome: Outcome) -> str:
    """Return what later steps can use: ``steps.ID.outputs.verdict`` and so on."""
    told = {"verdict": outcome.verdict, "exit_code": outcome.exit_code, "report": outcome.report}
    return "".join(f"{name}={value}\n" for name, value in told.items())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
