"""The pytest plugin of the drills; inert unless drills are selected.

A drill of your own is one test::

    @pytest.mark.drill
    @pytest.mark.parametrize("verdict", [MY_DRILL], indirect=True)
    def test_mine(verdict):
        assert verdict.passed, verdict.sentence
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from drills import spread
from drills.session import Tally, asks_for_drills, folded
from drills.terminal import Terminal

if TYPE_CHECKING:
    from drills.rehearsal import Scene
    from drills.run import Run
    from drills.scenario import Drill
    from drills.verdict import Verdict

LOADS = ("open_loop", "locust")
STACKS = ("local", "compose", "remote")
CANNOT_START = 4
"""pytest's own code for what its user must put right."""


TALLY = pytest.StashKey[Tally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("drill", "drills (pytest -m drill)")
    group.addoption("--stack", choices=STACKS, default="local", help="what to drill (default: local)")
    group.addoption("--target", type=Path, metavar="FILE", help="the target file for --stack remote")
    group.addoption("--load", choices=LOADS, default="open_loop", help="what sends it (default: open_loop)")
    group.addoption("--drill-seed", type=int, metavar="N", help="repeats the random choices of a run")
    group.addoption("--drill-out", type=Path, metavar="DIR", help="where runs go (default: reports/out)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "drill: a drill against a running stack; run with -m drill")
    config.stash[TALLY] = Tally(Terminal(config))
    stack, target = config.getoption("--stack"), config.getoption("--target")
    if stack == "remote" and target is None:
        raise pytest.UsageError("--stack remote needs --target FILE, the file that describes the target")
    if stack != "remote" and target is not None:
        raise pytest.UsageError("--target FILE goes with --stack remote")
    if stack != "local" and spread.is_spread(config):
        raise pytest.UsageError(f"--stack {stack} is one target, drilled by one: leave out -n")
    if config.getoption("--alluredir", None):  # allure-pytest's, where it is installed
        from drills.allure.results import join  # noqa: PLC0415 - inert until asked for

        join(config, lambda: config.stash[TALLY].run)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where drills are asked for, an interruption during collection is one too."""
    if asks_for_drills(session.config):
        session.config.stash[TALLY].heed_signals()


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on a signal must heal."""
    if any(item.get_closest_marker("drill") for item in session.items):
        session.config.stash[TALLY].heed_signals()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[TALLY].staged = True


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[TALLY].restore_signals()
    config.stash[TALLY].terminal.close()


@pytest.fixture(scope="session")
def drill_scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The target, up and running, and the keeper that undoes; override it to drill a stack of your own."""
    from chaos.stack.keeper import KeeperError  # noqa: PLC0415 - inert until a drill runs
    from chaos.stack.readiness import StackError  # noqa: PLC0415
    from drills import rehearsal  # noqa: PLC0415
    from drills.target import Target, TargetError  # noqa: PLC0415

    config = request.config
    tally = config.stash[TALLY]
    tally.terminal.say(f"zep-drill: starting the {config.getoption('--stack')} stack")
    up = False
    try:
        if config.getoption("--stack") == "remote":
            scene = rehearsal.remote(Target.load(config.getoption("--target")))
        elif config.getoption("--stack") == "compose":
            scene = rehearsal.compose(config.rootpath / "docker-compose.yml")
        else:
            scene = rehearsal.local()
        with scene as ready:
            up = True
            yield ready
    except (StackError, TargetError) as error:
        _end(request.session, str(error), CANNOT_START)
    except KeeperError as error:
        if not up:
            _end(request.session, str(error), CANNOT_START)
        tally.codes.append(14)
        tally.lines.append(f"after the drills: {error}")
        if not tally.interrupted:
            pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def rehearse(request: pytest.FixtureRequest, drill_scene: Scene) -> Iterator[Callable[[Drill], Verdict]]:
    """Runs a drill and returns its verdict."""
    from drills.exclusive import exclusive  # noqa: PLC0415 - inert until a drill runs
    from drills.inject import Injectors  # noqa: PLC0415
    from drills.progress import Progress  # noqa: PLC0415
    from drills.run import Part, Run  # noqa: PLC0415
    from drills.runner import Runner  # noqa: PLC0415
    from drills.target import TargetError  # noqa: PLC0415

    config, target = request.config, drill_scene.target
    tally, asked = config.stash[TALLY], spread.asked(config)
    run = Run.begin(
        _out(config),
        seed=asked["seed"] if asked else _seed(config),
        argv=asked["argv"] if asked else _argv(config),
        root=config.rootpath,
        target=target,
        versions=drill_scene.versions,
        hide=drill_scene.hide,
        part=Part(**asked["part"]) if asked else None,
    )
    tally.run = run
    lease = exclusive(target, run.run_id)
    try:
        lease.__enter__()
    except TargetError as error:
        _end(request.session, str(error), CANNOT_START)
    injectors = Injectors(target, drill_scene.injector, run.seed)
    runner = Runner(
        target=target,
        injectors=injectors,
        keeper=drill_scene.keeper,
        history=run.history,
        run_id=run.run_id,
        seed=run.seed,
        variant=drill_scene.variant,
        engine=config.getoption("--load"),
        progress=Progress(tally.terminal.say, target.hold_s, tally.terminal.show),
        interrupted=lambda: tally.interrupted,
    )
    yield runner.run
    injectors.close()
    lease.__exit__(None, None, None)


@pytest.fixture
def verdict(request: pytest.FixtureRequest, rehearse: Callable[[Drill], Verdict]) -> Iterator[Verdict]:
    """Run the drill that the test is parametrised with.

    Inconclusive is an error of the setup, an undo that was not verified one of the teardown, so that JUnit
    and pytest tell them from a failed drill.
    """
    from drills.rehearsal import unfit  # noqa: PLC0415 - inert until a drill runs
    from drills.runner import EndedError  # noqa: PLC0415
    from drills.verdict import Exit  # noqa: PLC0415

    tally = request.config.stash[TALLY]
    if why := unfit(request.config.getoption("--stack"), request.param):
        tally.lines.append(f"zep-drill: {request.param.name} skipped: {why}")
        pytest.skip(why)
    try:
        found = rehearse(request.param)
    except EndedError as ended:
        _end(request.session, str(ended), int(ended.verdict.exit) or CANNOT_START)
    tally.codes.append(int(found.exit))
    tally.terminal.say(found.sentence)
    # record_property refuses pytest's default JUnit family, though what reads JUnit takes properties there
    request.node.user_properties += [("verdict", str(found.verdict)), *found.figures()]
    if found.inconclusive:
        pytest.fail("\n".join(found.complaints()), pytrace=False)
    yield found
    if found.exit is Exit.NOT_UNDONE:
        pytest.fail("\n".join(found.complaints()), pytrace=False)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """Fold the exit codes and write the report, after everything has been ended and undone."""
    config = session.config
    tally = config.stash[TALLY]
    tally.ignore_signals()
    result = yield
    if not (tally.codes or tally.handlers or asks_for_drills(config)):
        return result
    if spread.is_worker(config):
        if tally.run:
            tally.run.history.close()
        spread.report(config, tally)
        return result
    session.exitstatus = _exit_code(session, tally)
    run = tally.run or spread.gathered(config, _out(config))
    if run:
        tally.lines.append(_report(run, int(session.exitstatus)))
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist which run it is a part of."""
    node.config.stash[TALLY].staged = True
    spread.ask(node, _argv(node.config), _seed(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    """From here on an interruption goes to the worker too; pytest-xdist alone would take its 5 s."""
    node.config.stash[TALLY].workers += spread.pids(node)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    spread.take(node, node.config.stash[TALLY])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[TALLY]
    for line in tally.lines:
        terminalreporter.write_line(line)


def _end(session: pytest.Session, line: str, code: int) -> NoReturn:
    """End the session, and every other worker's with it."""
    session.config.stash[TALLY].codes.append(code)
    if spread.is_worker(session.config):  # pytest-xdist takes an exit for a crash
        session.shouldstop = f"zep-drill: {line}"
        pytest.fail(line, pytrace=False)
    pytest.exit(f"zep-drill: {line}", code)


def _exit_code(session: pytest.Session, tally: Tally) -> int:
    from drills.verdict import Exit  # noqa: PLC0415 - inert until a drill runs

    if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        from drills.catalog import drills  # noqa: PLC0415

        tally.lines.append(f"zep-drill: no such drill: known are {', '.join(drills())}")
        return Exit.NOTHING_COLLECTED
    return folded(int(session.exitstatus), session.testsfailed, tally.codes, interrupted=tally.interrupted)


def _report(run: Run, exit_code: int) -> str:
    try:
        return f"report: {run.finish(exit_code)}"
    except Exception as error:  # noqa: BLE001 - a page that cannot be drawn must not change the verdict
        return f"zep-drill: no report ({error}); the journal is {run.history.path}"


def _out(config: pytest.Config) -> Path:
    return Path(config.getoption("--drill-out") or config.rootpath / "reports" / "out")


def _argv(config: pytest.Config) -> list[str]:
    return ["pytest", *map(str, config.invocation_params.args)]


def _seed(config: pytest.Config) -> int:
    given = config.getoption("--drill-seed")
    return random.SystemRandom().randrange(1, 10_000) if given is None else int(given)
