"""The workflows that we hand out: YAML that says what it should, with commands that exist."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from drills import cli

FOLDER = Path(__file__).parents[2] / "docs" / "ci"


def github():
    job = yaml.safe_load((FOLDER / "github.yml").read_text())["jobs"]["gate"]
    return [step["run"] for step in job["steps"] if "run" in step], job


def gitlab():
    job = yaml.safe_load((FOLDER / "gitlab.yml").read_text())["drills"]
    return job["script"], job


@pytest.mark.parametrize("ci", [github, gitlab])
def test_the_gate_s_command_is_one_that_we_have(ci):
    commands, _ = ci()
    (gate,) = [command for command in commands if "zep-drill" in command]
    words = shlex.split(gate.removeprefix("exec "))
    options = cli._parser().parse_args(words[1:])
    assert options.command == "gate"
    assert str(options.junit).startswith(str(options.out))


def test_the_token_comes_from_the_secrets_and_the_report_is_kept():
    _, job = github()
    gate, upload = job["steps"][-2:]
    assert "secrets." in gate["env"]["STAGING_TOKEN"]
    assert upload["if"] == "always()"


def test_gitlab_reads_junit_and_knows_inconclusive_from_failed():
    _, job = gitlab()
    assert job["artifacts"]["reports"]["junit"] in job["script"][-1]
    assert job["allow_failure"]["exit_codes"] == [11]
