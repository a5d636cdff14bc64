"""Allure's results of real drills, read back as plain JSON, and the page that Allure 3 makes of them."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drills import cli
from drills.allure import rendering
from drills.catalog import drills

ROOT = Path(__file__).parents[2]
MINE = """
import pytest
from chaos.faults import Status
from drills.catalog import drills
from drills.scenario import Dialogue, Say, Storm

AUTH = drills()["auth_401"]
WRONG = Dialogue(name="wrong", title="Expects what cannot be", why="So that one fails.",
                 script=(Say(text="Hello", check="answered", below_ms=0.0),))
NOWHERE = Storm(name="nowhere", title="Hits nothing", why="Nobody goes there.", hits=1,
                faults=(Status(code=500, route="GET /nowhere", first=1),))

@pytest.mark.drill
@pytest.mark.parametrize("verdict", [AUTH, WRONG, NOWHERE], indirect=True, ids=lambda drill: drill.name)
def test_mine(verdict):
    assert verdict.passed, verdict.sentence
"""
CHROMIUM = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files"),
    *("--proxy-server=127.0.0.1:9", "--virtual-time-budget=5000", "--dump-dom"),  # nothing gets out
]
MEASURE = """<script>setTimeout(() => {
const names = performance.getEntriesByType("resource").map(entry => entry.name)
document.body.dataset.asked = JSON.stringify(names.filter(name => !/^(data|blob):/.test(name)))
}, 3000)</script>"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Three drills on a stack of their own; returns the folder with results/ and out/."""
    folder = tmp_path_factory.mktemp("allure")
    (folder / "test_mine.py").write_text(MINE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    for _ in range(3):  # on a machine that is too busy a drill concludes nothing
        out = rehearsed(folder)
        if "1 passed" in out:
            return folder
        shutil.rmtree(folder / "results")
    pytest.fail(out)


def rehearsed(folder):
    words = ["-m", "drill", "--drill-seed", "7", "--alluredir", "results", "--drill-out", "out"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB", "GITLAB"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def results(ran):
    found = [json.loads(file.read_text()) for file in (ran / "results").glob("*-result.json")]
    return {label(result, "story"): result for result in found}


def label(result, name):
    (value,) = (found["value"] for found in result["labels"] if found["name"] == name)
    return value


def journal(ran, drill):
    lines = map(json.loads, (ran / "out" / "latest" / "journal.ndjson").read_text().splitlines())
    return [line for line in lines if line.get("drill") == drill]


def attached(ran, result, name):
    (source,) = (found["source"] for found in result["attachments"] if found["name"] == name)
    return (ran / "results" / source).read_text()


def steps(result, name):
    (step,) = (step for step in result["steps"] if step["name"] == name)
    return step.get("steps", [])


@pytest.mark.stack
def test_a_drill_says_what_it_is_and_how_it_went(results):
    passed, failed, unproven = (results[name] for name in ("auth_401", "wrong", "nowhere"))
    assert passed["name"] == drills()["auth_401"].title
    assert passed["description"].startswith(drills()["auth_401"].why)
    assert "auth_401 passed: " in passed["description"]
    assert [r["status"] for r in (passed, failed, unproven)] == ["passed", "failed", "broken"]
    assert failed["statusDetails"]["message"].startswith("wrong failed: answered: took ")
    assert unproven["statusDetails"]["message"].startswith("nowhere is inconclusive: fault_hit: ")
    assert [label(passed, name) for name in ("feature", "suite", "severity")] == [
        "reads",
        "outages",
        "critical",
    ]


@pytest.mark.stack
def test_phases_are_steps_at_the_times_of_the_journal(ran, results):
    lines, result = journal(ran, "auth_401"), results["auth_401"]
    phases = [line for line in lines if line["kind"] == "phase"]
    told = result["steps"][:-1]
    assert [step["name"] for step in told] == [line["phase"] for line in phases]
    began, ended = result["start"], result["stop"]
    for step, line in zip(told, phases, strict=True):
        assert step["start"] - began == pytest.approx(1000 * (line["t"] - lines[0]["t"]), abs=2)
    assert [step["stop"] for step in told[:-1]] == [step["start"] for step in told[1:]]
    assert told[-1]["stop"] <= ended
    assert any(step["name"].startswith("fault hit") for step in steps(result, "inject"))
    assert "probe 200" in [step["name"] for step in steps(result, "recover")]


@pytest.mark.stack
def test_checks_are_steps_with_what_was_measured_and_what_was_allowed(ran, results):
    lines = journal(ran, "wrong")
    (judged,) = (line for line in lines if line["kind"] == "verdict")
    told = steps(results["wrong"], "checks")
    assert [step["name"].partition(":")[0] for step in told] == [check["name"] for check in judged["checks"]]
    words = {"pass": "passed", "fail": "failed", "inconclusive": "broken"}
    assert [step["status"] for step in told] == [words[check["result"]] for check in judged["checks"]]
    (turn,) = (step for step in told if step["name"].startswith("answered"))
    assert re.fullmatch(r"answered: [\d.]+ ms against 0 ms", turn["name"])
    assert {p["name"]: p["value"] for p in turn["parameters"]}["budget"] == "0 ms"
    assert turn["statusDetails"]["message"].startswith("answered: took ")


@pytest.mark.stack
def test_report_journal_and_metrics_are_attached(ran, results):
    result = results["auth_401"]
    assert "<h1>1 of 1 drills passed.</h1>" in attached(ran, result, "report")
    told = [json.loads(line) for line in attached(ran, result, "journal").splitlines()]
    assert told == journal(ran, "auth_401")
    before, after = (attached(ran, result, f"metrics {at}") for at in ("before", "after"))
    assert 'memory_zep_downgrades_total{reason="auth"}' not in before
    assert 'memory_zep_downgrades_total{reason="auth"} 1\n' in after


@pytest.mark.stack
def test_environment_and_executor_stand_beside_them(ran):
    told = (ran / "results" / "environment.properties").read_text().splitlines()
    assert {"stack=local", "target=local", "seed=7"} <= set(told)
    assert any(line.startswith("version.redis=valkey") for line in told)
    executor = json.loads((ran / "results" / "executor.json").read_text())
    assert (executor["type"], executor["buildName"]) == ("local", (ran / "out" / "latest").resolve().name)


@pytest.mark.stack
def test_each_kind_of_failure_is_a_category_of_its_own(ran, results):
    categories = json.loads((ran / "results" / "categories.json").read_text())

    def category(message):
        return next(c["name"] for c in categories if re.fullmatch(c["messageRegex"], message))

    assert category(results["wrong"]["statusDetails"]["message"]) == "A check failed"
    unproven = category(results["nowhere"]["statusDetails"]["message"])
    assert unproven == "Inconclusive: nothing was proven"
    assert category("x failed: recover: late\nfail: undo_verified: left") == "An undo was not verified"
    assert category("x failed: stop_condition: 51 user errors") == "Stopped to spare the users"


@pytest.mark.stack
def test_the_page_shows_them_and_speaks_to_nobody(ran, tmp_path):
    """In a real browser; the same page with the tag manager put back is the control."""
    needs("npx")
    results = shutil.copytree(ran / "results", tmp_path / "results")
    assert cli.main(["report", "--allure", str(results), "--out", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "Expects what cannot be" in opened(page, tmp_path)
    assert asked_for(page, tmp_path) == []
    assert {"A check failed", "Inconclusive: nothing was proven"} <= categories_of(page)
    tag = '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script></body>'
    control = page.replace("</body>", tag)
    assert asked_for(control, tmp_path) == ["https://www.googletagmanager.com/gtag/js?id=G-1"]


@pytest.mark.stack
def test_the_history_grows_with_every_report_under_the_same_ids(ran, tmp_path):
    needs("npx")
    results = shutil.copytree(ran / "results", tmp_path / "results")
    for _ in range(2):
        rendering.render(results, tmp_path / "page.html")
    history = rendering.history_of(results).read_text().splitlines()
    first, second = (set(json.loads(line)["testResults"]) for line in history)
    assert first == second
    assert len(first) == 3


def needs(program):
    """Chromium is there in CI; npm may not be, anywhere."""
    found = shutil.which(program)
    if found is None and (program == "npx" or not os.environ.get("CI")):
        pytest.skip(f"NOT TESTED: no {program} on PATH")
    assert found, f"no {program} on PATH"
    return found


def opened(page, folder):
    """Return the page as a browser shows it in the end."""
    file = folder / "opened.html"
    file.write_text(page.replace("</body>", f"{MEASURE}</body>"))
    argv = [needs("chromium"), *CHROMIUM, f"--user-data-dir={folder / 'profile'}", file.as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return re.sub(r"<script[\s\S]*?</script>", "", done.stdout)


def categories_of(page):
    (data,) = re.findall(r'd\("widgets/categories.json","([^"]*)"\)', page)
    nodes = json.loads(base64.b64decode(data))["nodes"].values()
    return {node["name"] for node in nodes if node["type"] == "category"}


def asked_for(page, folder):
    """Return what the page asked others for, answered or not."""
    (found,) = re.findall(r'data-asked="([^"]*)"', opened(page, folder))
    return json.loads(html.unescape(found))
