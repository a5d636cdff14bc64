"""The pytest plugin of the drills; inert unless drills are selected.

A drill of your own is one test::

    @pytest.mark.drill
    @pytest.mark.parametrize("verdict", [MY_DRILL], indirect=True)
    def test_mine(verdict):
        assert verdict.passed, verdict.sentence
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from drills.rehearsal import Scene
    from drills.run import Run
    from drills.scenario import Drill
    from drills.verdict import Verdict

STACKS = ("local", "compose", "remote")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
CANNOT_START = 4
"""pytest's own code for what its user must put right."""
NO_CLOCK = "no libfaketime here: apt-get install libfaketime"
HEALING = "zep-drill: stopping: healing what is broken, ending what was started"


class Tally:
    """What the plugin remembers of one pytest session."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.codes: list[int] = []
        self.lines: list[str] = []
        """To be told at the end."""
        self.staged = False
        """Something may have been started or broken: from now on an interruption must undo."""
        self.interrupted = False
        self.handlers: dict[int, Any] = {}


TALLY = pytest.StashKey[Tally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("drill", "drills (pytest -m drill)")
    group.addoption("--stack", choices=STACKS, default="local", help="what to drill (default: local)")
    group.addoption("--target", type=Path, metavar="FILE", help="the target file for --stack remote")
    group.addoption("--drill-seed", type=int, metavar="N", help="repeats the random choices of a run")
    group.addoption("--drill-out", type=Path, metavar="DIR", help="where runs go (default: reports/out)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "drill: a drill against a running stack; run with -m drill")
    config.stash[TALLY] = Tally()
    stack, target = config.getoption("--stack"), config.getoption("--target")
    if stack == "compose":
        raise pytest.UsageError("--stack compose comes with a later release: use --stack local or remote")
    if stack == "remote" and target is None:
        raise pytest.UsageError("--stack remote needs --target FILE, the file that describes the target")
    if stack != "remote" and target is not None:
        raise pytest.UsageError("--target FILE goes with --stack remote")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where drills are asked for, an interruption during collection is one too."""
    if _asked(session.config):
        _heed_signals(session.config)


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on a signal must heal."""
    if any(item.get_closest_marker("drill") for item in session.items):
        _heed_signals(session.config)


def _heed_signals(config: pytest.Config) -> None:
    """Make SIGTERM and SIGHUP take Ctrl-C's way, and Ctrl-C work where a background job has it blocked."""
    tally = config.stash[TALLY]
    for signum in SIGNALS:
        if signum not in tally.handlers:
            tally.handlers[signum] = signal.signal(signum, _interrupter(config))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[TALLY].staged = True


def pytest_unconfigure(config: pytest.Config) -> None:
    for signum, handler in config.stash[TALLY].handlers.items():
        signal.signal(signum, handler)


@pytest.fixture(scope="session")
def drill_scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The target, up and running, and the keeper that undoes; override it to drill a stack of your own."""
    from chaos.stack.keeper import KeeperError  # noqa: PLC0415 - inert until a drill runs
    from chaos.stack.readiness import StackError  # noqa: PLC0415
    from drills import rehearsal  # noqa: PLC0415
    from drills.target import Target, TargetError  # noqa: PLC0415

    config = request.config
    _say(config, f"zep-drill: starting the {config.getoption('--stack')} stack")
    tally = config.stash[TALLY]
    up = False
    try:
        if config.getoption("--stack") == "remote":
            scene = rehearsal.remote(Target.load(config.getoption("--target")))
        else:
            scene = rehearsal.local()
        with scene as ready:
            up = True
            yield ready
    except (StackError, TargetError) as error:
        pytest.exit(f"zep-drill: {error}", CANNOT_START)
    except KeeperError as error:
        if not up:
            pytest.exit(f"zep-drill: {error}", CANNOT_START)
        tally.codes.append(14)
        tally.lines.append(f"after the drills: {error}")
        if not tally.interrupted:
            pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def rehearse(request: pytest.FixtureRequest, drill_scene: Scene) -> Iterator[Callable[[Drill], Verdict]]:
    """Runs a drill and returns its verdict."""
    from drills.exclusive import exclusive  # noqa: PLC0415 - inert until a drill runs
    from drills.inject import Injectors  # noqa: PLC0415
    from drills.run import Run  # noqa: PLC0415
    from drills.runner import Runner  # noqa: PLC0415
    from drills.target import TargetError  # noqa: PLC0415

    config, target = request.config, drill_scene.target
    run = Run.begin(
        config.getoption("--drill-out") or config.rootpath / "reports" / "out",
        seed=_seed(config),
        argv=["pytest", *config.invocation_params.args],
        root=config.rootpath,
        target=target,
        versions=drill_scene.versions,
        hide=drill_scene.hide,
    )
    config.stash[TALLY].run = run
    lease = exclusive(target, run.run_id)
    try:
        lease.__enter__()
    except TargetError as error:
        pytest.exit(f"zep-drill: {error}", CANNOT_START)
    injectors = Injectors(target, drill_scene.injector, run.seed)
    runner = Runner(
        target=target,
        injectors=injectors,
        keeper=drill_scene.keeper,
        history=run.history,
        run_id=run.run_id,
        seed=run.seed,
        variant=drill_scene.variant,
        progress=lambda drill, phase, t: _say(config, f"{drill:<32} {phase:<26} +{t:.1f} s"),
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
    from chaos.stack.clock import available  # noqa: PLC0415 - inert until a drill runs
    from drills.runner import EndedError  # noqa: PLC0415
    from drills.verdict import Exit  # noqa: PLC0415

    tally = request.config.stash[TALLY]
    local = request.config.getoption("--stack") == "local"
    if getattr(request.param, "variant", "") == "clocked" and local and not available():
        tally.lines.append(f"zep-drill: {request.param.name} skipped: {NO_CLOCK}")
        pytest.skip(NO_CLOCK)
    try:
        found = rehearse(request.param)
    except EndedError as ended:
        tally.codes.append(int(ended.verdict.exit))
        pytest.exit(f"zep-drill: {ended}", int(ended.verdict.exit) or CANNOT_START)
    tally.codes.append(int(found.exit))
    _say(request.config, found.sentence)
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
    tally = session.config.stash[TALLY]
    for signum in tally.handlers:
        signal.signal(signum, lambda *_: None)  # an interruption of the undo would undo nothing
    result = yield
    if not _concerned(session, tally):
        return result
    session.exitstatus = _exit_code(session, tally)
    if tally.run:
        tally.lines.append(_report(tally.run, int(session.exitstatus)))
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[TALLY]
    for line in tally.lines:
        terminalreporter.write_line(line)


def _concerned(session: pytest.Session, tally: Tally) -> bool:
    return bool(tally.codes or tally.handlers or _asked(session.config))


def _asked(config: pytest.Config) -> bool:
    expression = str(config.getoption("markexpr", "") or "")
    wanted = re.search(r"\bdrill\b", expression) and not re.search(r"\bnot\s+drill\b", expression)
    return bool(wanted)


def _exit_code(session: pytest.Session, tally: Tally) -> int:
    from drills.verdict import Exit, worst_exit  # noqa: PLC0415 - inert until a drill runs

    own = int(session.exitstatus)
    if own == pytest.ExitCode.NO_TESTS_COLLECTED:
        from drills.catalog import drills  # noqa: PLC0415

        tally.lines.append(f"zep-drill: no such drill: known are {', '.join(drills())}")
        return Exit.NOTHING_COLLECTED
    codes = [*tally.codes, *([Exit.INTERRUPTED] if tally.interrupted else [])]
    ours = worst_exit(codes)
    if own in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED) and ours:
        # a test of the user's own may have failed beside inconclusive drills
        return worst_exit([ours, Exit.FAIL]) if _failed_otherwise(session, tally) else ours
    return ours or own


def _failed_otherwise(session: pytest.Session, tally: Tally) -> bool:
    return session.testsfailed > sum(code != 0 for code in tally.codes)


def _report(run: Run, exit_code: int) -> str:
    try:
        return f"report: {run.finish(exit_code)}"
    except Exception as error:  # noqa: BLE001 - a page that cannot be drawn must not change the verdict
        return f"zep-drill: no report ({error}); the journal is {run.history.path}"


def _interrupter(config: pytest.Config) -> Callable[[int, FrameType | None], None]:
    def interrupt(signum: int, _frame: FrameType | None) -> None:
        tally = config.stash[TALLY]
        if not tally.staged:  # pytest 9 stumbles over interrupts inside imports, and there is nothing to undo
            sys.stderr.write(f"zep-drill: {signal.Signals(signum).name} before any drill began\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        if tally.interrupted:  # once is enough: the second must not cut the healing short
            return
        tally.interrupted = True
        raise KeyboardInterrupt(signal.Signals(signum).name)

    return interrupt


def _seed(config: pytest.Config) -> int:
    given = config.getoption("--drill-seed")
    return random.SystemRandom().randrange(1, 10_000) if given is None else int(given)


def _say(config: pytest.Config, text: str) -> None:
    """Write a line past pytest's capture, in CI as in a terminal."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    if reporter is None:
        return
    with capture.global_and_fixture_disabled():
        reporter.ensure_newline()
        reporter.write_line(text)
        reporter.flush()
