"""A pytest plugin beside allure-pytest: each result of a drill gets what the journal tells of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import allure_commons
import pytest
from allure_commons.model2 import Attachment, Label, Link, TestResult

from drills.allure import surroundings
from drills.allure.told import Told
from drills.history import lines_of
from drills.run import Run
from drills.scenario import Drill, Outage

NAME = "zep-drill"


def join(config: pytest.Config, run: Callable[[], Run | None]) -> None:
    """Put ours beside allure-pytest; `run` tells the session's run once it has begun."""
    results = Results(config, run)
    config.pluginmanager.register(results, f"{NAME}-allure")
    allure_commons.plugin_manager.register(results, NAME)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(name=NAME) and None)


class Results:
    """Hooks of pytest and of allure-commons."""

    def __init__(self, config: pytest.Config, run: Callable[[], Run | None]) -> None:
        self._folder = Path(config.getoption("--alluredir"))
        self._stack = str(config.getoption("--stack"))
        self._run = run
        self._drill: Drill | None = None

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember which drill the result that comes next is of."""
        callspec = getattr(item, "callspec", None)
        asked = callspec.params.get("verdict") if callspec else None
        self._drill = asked if isinstance(asked, Drill) else None

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: TestResult) -> None:
        """Complete a result before allure-pytest writes it."""
        drill, run, self._drill = self._drill, self._run(), None
        if drill is None:
            return
        _identify(result, drill)
        if run is not None:
            try:
                _complete(result, drill, run)
            except Exception as error:  # noqa: BLE001 - what cannot be told must not change the verdict
                result.description = f"{drill.why}\n\nThe journal could not be told: {error!r}"

    def pytest_sessionfinish(self) -> None:
        run = self._run()
        if run is not None and self._folder.is_dir():
            surroundings.write(self._folder, run, self._stack)


def _identify(result: TestResult, drill: Drill) -> None:
    """Name it by the drill alone, so that a changed budget or seed is the same drill in the history.

    Allure 2 goes by historyId, Allure 3 by the full name and the parameters.
    """
    result.name, result.description = drill.title, drill.why
    result.fullName = f"{result.fullName}[{drill.name}]"
    result.testCaseId = result.historyId = _digest(f"{NAME}:{drill.name}")
    result.parameters = [p for p in result.parameters if p.name != "verdict"]
    kind = type(drill).__name__.lower()
    ours = {
        "parentSuite": "drills",
        "suite": f"{kind}s",
        "feature": drill.blast_radius,
        "story": drill.name,
        "severity": "critical" if isinstance(drill, Outage) else "normal",
    }
    kept = [label for label in result.labels if label.name not in ours]
    result.labels = [*kept, *(Label(name=name, value=value) for name, value in ours.items())]
    build = surroundings.executor().get("buildUrl")
    if build:
        result.links.append(Link(type="link", name="build", url=build))


def _complete(result: TestResult, drill: Drill, run: Run) -> None:
    told = Told(lines_of(run.history.path, drill.name))
    if not told:  # skipped, or the target was gone before it began
        return
    result.start, result.stop = told.began_ms, max(told.ended_ms, result.stop or 0)
    result.steps = [*told.steps(), *result.steps]
    result.status = told.status or result.status
    if told.sentence:
        result.description = f"{drill.why}\n\n{told.sentence}"
    if told.complaints and result.statusDetails:
        result.statusDetails.message = "\n".join(told.complaints)
    if result.statusDetails:  # assertions quote what they like
        result.statusDetails.trace = run.history.redactor(result.statusDetails.trace)
    for name, kind, ending, text in told.attachments(run.folder, drill.name):
        _attach(result, name, kind, ending, text)


def _attach(result: TestResult, name: str, kind: str, ending: str, text: str) -> None:
    file = f"{uuid4()}-attachment.{ending}"
    allure_commons.plugin_manager.hook.report_attached_data(body=text, file_name=file)
    result.attachments.append(Attachment(name=name, source=file, type=kind))


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
