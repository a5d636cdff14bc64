"""A run's folder: its journal begins with what is needed to repeat it, and ends with the verdict of all."""

from __future__ import annotations

import json
import subprocess

import pytest

from drills.run import Part, Run
from drills.target import Target

TARGET = Target(
    name="test", chat_url="http://x/", token="t0ken", marker_url="http://x/", marker_value="m", hold_s=1
)


@pytest.fixture
def begin(tmp_path):
    begun = []

    def begin(argv=("pytest", "-m", "drill"), root=tmp_path):
        run = Run.begin(
            tmp_path / "out",
            seed=7,
            argv=argv,
            root=root,
            target=TARGET,
            versions={"redis": "valkey 9"},
            hide=["k3y"],
        )
        begun.append(run)
        return run

    yield begin
    for run in begun:
        run.history.close()


def lines(run):
    return [json.loads(line) for line in run.history.path.read_text().splitlines()]


def test_the_journal_opens_with_what_is_needed_to_repeat_the_run(begin):
    (line,) = lines(begin())
    assert (line["kind"], line["schema"], line["seed"]) == ("run", 1, 7)
    assert line["repeat"] == "pytest -m drill --drill-seed 7"
    assert {"redis", "python", "pytest"} <= line["versions"].keys()
    assert line["target"]["name"] == "test"
    assert line["budgets"]["downgrade_s"] == 2.0


def test_a_seed_that_was_given_is_not_given_twice(begin):
    argv = ["pytest", "-m", "drill", "-k", "a or b", "--drill-seed=7"]
    assert lines(begin(argv))[0]["repeat"] == "pytest -m drill -k 'a or b' --drill-seed=7"


def test_git_is_told_where_there_is_a_repository(begin, tmp_path):
    assert lines(begin())[0]["git"] is None
    repository = tmp_path / "repository"
    repository.mkdir()
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    clean = lines(begin(root=repository))[0]
    (repository / "new").touch()
    dirty = lines(begin(root=repository))[0]
    assert clean["git"] == dirty["git"] is not None
    assert (clean["dirty"], dirty["dirty"]) == (False, True)


def test_no_secret_is_in_it(begin):
    run = begin(["pytest", "--target", "t0ken"])
    run.history.write("note", text="k3y")
    text = run.history.path.read_text()
    assert "t0ken" not in text
    assert "k3y" not in text


def test_latest_leads_to_the_newest_run(begin):
    first, second = begin(), begin()
    assert first.folder != second.folder
    assert (second.folder.parent / "latest").resolve() == second.folder.resolve()


@pytest.mark.parametrize(("code", "verdict"), [(0, "pass"), (1, "fail"), (11, "inconclusive"), (14, "fail")])
def test_the_last_line_is_the_verdict_of_the_run(begin, code, verdict):
    run = begin()
    report = run.finish(code)
    last = lines(run)[-1]
    assert {k: last[k] for k in ("kind", "drill", "verdict", "exit_code")} == {
        "kind": "verdict",
        "drill": None,
        "verdict": verdict,
        "exit_code": code,
    }
    assert report == run.folder / "index.html"
    assert report.exists()


def test_parts_of_a_run_become_one_in_order_of_time(tmp_path):
    out = tmp_path / "out"
    parts = [
        Run.begin(
            out, seed=7, argv=["pytest"], root=tmp_path, target=TARGET, versions={}, part=Part("r", name, 0.0)
        )
        for name in ("gw0", "gw1")
    ]
    for n, part in enumerate([*parts, *parts]):
        part.history.write("phase", drill=part.folder.name, phase=str(n), when=float(n))
    for part in parts:
        part.history.close()
    whole = Run.of_parts(out / "r")
    whole.finish(0)
    told = [(line["kind"], line.get("phase")) for line in lines(whole)]
    assert told == [("run", None), *(("phase", str(n)) for n in range(4)), ("verdict", None)]
    assert (out / "latest" / "index.html").is_file()


def test_a_run_without_parts_is_none(tmp_path):
    assert Run.of_parts(tmp_path) is None
