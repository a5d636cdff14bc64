"""Allure without a stack: what a drill is called, who ran it, what the page loses, what may be missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from allure_commons import model2

from drills import cli
from drills.allure import rendering, surroundings
from drills.allure.results import _identify
from drills.allure.told import Told
from drills.catalog import drills

ROOT = Path(__file__).parents[2]


def test_a_fault_that_hits_hundreds_of_times_is_one_step():
    began = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    lines = [
        {"kind": "drill", "t": 0.0, "wall": began},
        {"kind": "phase", "phase": "inject", "t": 1.0},
        *({"kind": "fault_hit", "name": "drill-1", "t": 2.0 + n / 100} for n in range(300)),
        {"kind": "probe", "status": 200, "t": 9.0},
    ]
    (phase,) = Told(lines).steps()
    assert [step.name for step in phase.steps] == ["fault hit drill-1, 300 times"]
    assert phase.steps[0].stop - phase.steps[0].start == 2990


def test_a_drill_that_changed_keeps_its_history():
    def ids(drill):
        result = model2.TestResult(
            fullName="t#test_drill", parameters=[model2.Parameter("verdict", repr(drill))]
        )
        _identify(result, drill)
        return result.historyId, result.fullName, result.parameters

    drill = drills()["auth_401"]
    assert ids(drill) == ids(replace(drill, tolerates=3))
    assert ids(drill)[:2] != ids(drills()["auth_403"])[:2]


def test_what_the_page_as_made_sends_home_is_taken_out():
    made = (
        '<script src="data:text/javascript;base64,AA=="></script>\n<script async '
        'src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>\n<script>\n'
        "  function gtag(){dataLayer.push(arguments);}\n gtag('js', new Date());\n</script>\n"
        "<script>window.allureReportData = {};</script>"
    )
    assert rendering.without_tag_manager(made).split() == [
        *("<script", 'src="data:text/javascript;base64,AA=="></script>'),
        *("<script>window.allureReportData", "=", "{};</script>"),
    ]


@pytest.mark.parametrize(
    ("environ", "executor"),
    [
        ({}, {}),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_SERVER_URL": "https://git.example",
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_RUN_NUMBER": "7",
                "GITHUB_RUN_ID": "99",
                "GITHUB_WORKFLOW": "drills",
            },
            {
                "name": "GitHub Actions",
                "type": "github",
                "url": "https://git.example/o/r",
                "buildOrder": 7,
                "buildName": "drills #7",
                "buildUrl": "https://git.example/o/r/actions/runs/99",
            },
        ),
        (
            {
                "GITLAB_CI": "true",
                "CI_PROJECT_URL": "https://git.example/o/r",
                "CI_PIPELINE_IID": "7",
                "CI_JOB_NAME": "drills",
                "CI_JOB_URL": "https://git.example/o/r/-/jobs/9",
            },
            {
                "name": "GitLab CI",
                "type": "gitlab",
                "url": "https://git.example/o/r",
                "buildOrder": 7,
                "buildName": "drills #7",
                "buildUrl": "https://git.example/o/r/-/jobs/9",
            },
        ),
    ],
    ids=["local", "github", "gitlab"],
)
def test_the_executor_is_the_ci_job(environ, executor):
    assert surroundings.executor(environ) == executor


def test_in_ci_a_result_leads_to_its_build(monkeypatch):
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_JOB_URL", "https://git.example/o/r/-/jobs/9")
    result = model2.TestResult(fullName="t#test_drill")
    _identify(result, drills()["auth_401"])
    (link,) = result.links
    assert (link.name, link.url) == ("build", "https://git.example/o/r/-/jobs/9")


def test_what_npm_complains_of_is_one_line(tmp_path, monkeypatch, capsys):
    npx = tmp_path / "npx"
    npx.write_text("#!/bin/sh\necho 'npm error network: no route' >&2\nexit 1\n")
    npx.chmod(0o755)
    (tmp_path / "1-result.json").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert cli.main(["report", "--allure", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "zep-drill: Allure made no report: npm error network: no route\n"


def test_without_npm_one_line_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["report", "--allure", str(tmp_path)]) == 2
    complaint = "zep-drill: npx is missing, and Allure 3 comes from npm: install Node.js 20 or newer\n"
    assert capsys.readouterr().err == complaint


def test_a_folder_without_results_is_one_line(tmp_path, capsys):
    if shutil.which("npx") is None:
        pytest.skip("NOT TESTED: no npx on PATH")
    assert cli.main(["report", "--allure", str(tmp_path)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"zep-drill: no Allure results in {tmp_path}: ")
    assert complaint.count("\n") == 1


def test_without_alluredir_nothing_of_allure_is_loaded(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_own.py").write_text(
        "import sys\ndef test_own(): assert not [name for name in sys.modules if 'allure' in name]\n"
    )
    argv = [sys.executable, "-m", "pytest", "-p", "drills.plugin", "-p", "no:cacheprovider"]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
