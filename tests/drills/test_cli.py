"""`zep-drill` from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drills import cli
from drills.catalog import drills
from reports.summary import DrillSummary, Summary, keep


def test_help_is_quick_and_shows_an_example(capsys):
    began = time.monotonic()
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert time.monotonic() - began < 0.3
    assert "example: zep-drill run auth_401" in capsys.readouterr().out


def test_list(capsys):
    assert cli.main(["list"]) == 0
    assert "auth_401" in capsys.readouterr().out
    assert cli.main(["list", "--json"]) == 0
    assert {"name", "title", "why", "blast_radius", "about_s"} <= json.loads(capsys.readouterr().out)[
        0
    ].keys()


def test_an_unknown_drill_is_one_line_with_the_known_ones(capsys):
    assert cli.main(["run", "auth_401", "nope", "--drill-seed", "7"]) == 2
    complaint = capsys.readouterr().err
    assert complaint == f"zep-drill: no drill is called nope: known are {', '.join(drills())}\n"


def test_run_hands_the_rest_to_pytest(monkeypatch):
    handed = []
    monkeypatch.setattr(pytest, "main", lambda words: handed.append(words) or 11)
    assert cli.main(["run", "auth_401", "timeouts", "--drill-seed", "7", "-x"]) == 11
    (words,) = handed
    assert words[:2] == ["-m", "drill"]
    assert words[-5:-2] == ["--drill-seed", "7", "-x"]
    assert [word.rpartition("::")[2] for word in words[-2:]] == [
        "test_drill[auth_401]",
        "test_drill[timeouts]",
    ]
    assert any(word.startswith("--drill-out=") for word in words)


def test_run_from_anywhere_finds_its_drills(tmp_path):
    argv = [sys.executable, "-m", "drills.cli", "run", "auth_401", "timeouts", "--collect-only", "-q"]
    environ = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    done = subprocess.run(
        argv, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "test_drill[auth_401]" in done.stdout
    assert "test_drill[timeouts]" in done.stdout


@pytest.mark.parametrize("words", [[], ["bogus"], ["list", "--bogus"], ["report"]])
def test_a_mistake_ends_with_usage(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage: zep-drill" in capsys.readouterr().err


def test_a_report_of_nothing_is_one_line(tmp_path, capsys):
    assert cli.main(["report", str(tmp_path)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("zep-drill: ")
    assert complaint.count("\n") == 1


def two_runs(tmp_path, after):
    for name, facts in (("a", {"recover_s": 0.1}), ("b", {"recover_s": after})):
        (tmp_path / name).mkdir()
        keep(tmp_path / name, Summary(name, "", "pass", "t", "", [DrillSummary("d", "pass", "", facts)]))
    return [str(tmp_path / "a"), str(tmp_path / "b")]


def test_compare_fails_on_a_regression_and_leaves_a_page(tmp_path, capsys):
    assert cli.main(["compare", *two_runs(tmp_path, 3.0), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["regressions"] == ["d: recover_s 3, was 0.1, up to 0.4 is noise"]
    assert (tmp_path / "b" / "compare.html").is_file()


def test_compare_passes_within_the_noise(tmp_path):
    assert cli.main(["compare", *two_runs(tmp_path, 0.2)]) == 0


def test_compare_of_runs_without_a_common_drill_concludes_nothing(tmp_path, capsys):
    one, other = two_runs(tmp_path, 0.2)
    keep(tmp_path / "b", Summary("b", "", "pass", "t", "", []))
    assert cli.main(["compare", one, other]) == 11
    assert "no drill in common" in capsys.readouterr().err


def test_compare_of_what_is_no_run_is_one_line(tmp_path, capsys):
    assert cli.main(["compare", str(tmp_path), str(tmp_path)]) == 2
    assert "give the folder of a run" in capsys.readouterr().err
