"""`zep-drill gate`: preflight, every drill that the target can be put through, one verdict.

Preflight breaks nothing.  Drills go from the gentlest to the roughest, each healed before the next; the last
look is for anything that a drill has left.  A cancellation heals first and is told as such.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chaos.injectors import InjectorError
from drills import inspection
from drills.catalog import drills
from drills.inject import Injectors
from drills.outcome import Outcome
from drills.plugin import TALLY
from drills.session import SIGNALS
from drills.target import Target, TargetError
from drills.verdict import Exit, worst_exit
from reports.record import RecordError
from reports.summary import recall

CANNOT_START = 4
NEEDED = ("marker", "chat with trace.memory")
"""Without these there is nothing to drill."""
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""We are imported already, which a project that turns warnings into errors must not stumble over."""
OWN_STACK = "they break processes and Redis from inside, which only --stack local can"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What was asked for; no `names` are all drills, no `seed` a random one."""

    file: Path
    out: Path
    junit: Path
    names: Sequence[str] = ()
    seed: int | None = None

    def run(self) -> Outcome:
        """Go through with it; everything but the outcome is told on stderr."""
        told = Outcome(exit_code=CANNOT_START, target=str(self.file), sentence="")
        with _signals_interrupt() as interruption, contextlib.redirect_stdout(sys.stderr):
            try:
                target = Target.load(self.file)
                told = replace(told, target=target.name)
                told = self._preflight(target, told)
                return told if told.sentence else self._drilled(target, told, interruption)
            except TargetError as error:
                return replace(told, sentence=str(error))
            except KeyboardInterrupt:
                return replace(told, exit_code=Exit.INTERRUPTED, sentence="interrupted before any drill")

    def _preflight(self, target: Target, told: Outcome) -> Outcome:
        """Look at the target; a sentence is why it cannot be drilled."""
        found = {f.capability: f.lack for f in inspection.inspect(target) if f.lack}
        lacks = [f"{name}: {found[name]}" for name in NEEDED if name in found]
        sys.stderr.write("".join(f"zep-drill gate: missing: {n}: {lack}\n" for n, lack in found.items()))
        if lacks:
            return replace(told, missing=found, sentence="; ".join(lacks))
        left = [] if self.names else [n for n, drill in drills().items() if inspection.needs_stack(drill)]
        return replace(told, missing=found, left_out=left, why_left_out=OWN_STACK if left else "")

    def _drilled(self, target: Target, told: Outcome, interruption: Interruption) -> Outcome:
        watcher = Watcher(interruption)
        code = int(pytest.main(self._words(told), plugins=[watcher]))
        left = _left_over(target)
        if left:
            code = worst_exit([code, Exit.NOT_UNDONE])
        report = self._report(watcher)
        told = replace(told, exit_code=code, junit=str(self.junit) if self.junit.is_file() else "", **report)
        return replace(told, sentence=f"{told.sentence}; {left}") if left else told

    def _words(self, told: Outcome) -> list[str]:
        catalog = Path(__file__).with_name("test_catalog.py")
        names = self.names or [name for name in drills() if name not in told.left_out]
        words = ["-m", "drill", "-p", "no:cacheprovider", "--stack=remote", f"--target={self.file}", *QUIET]
        # with "=", because pytest takes a path that stands alone for the root of the tests
        words += [f"--drill-out={self.out}", f"--junitxml={self.junit}"]
        words += [] if self.seed is None else [f"--drill-seed={self.seed}"]
        return words + [f"{catalog}::test_drill[{name}]" for name in names]

    def _report(self, watcher: Watcher) -> dict[str, Any]:
        """Return what the run left on disk, as fields of the outcome."""
        if watcher.folder is None:
            return {"sentence": watcher.reason or "no drill began"}
        try:
            found = recall(watcher.folder)
        except RecordError as error:
            return {"sentence": str(error)}
        ran = [{"name": d.name, "verdict": d.verdict, "sentence": d.sentence} for d in found.drills]
        passed = sum(drill["verdict"] == "pass" for drill in ran)
        sentence = f"{passed} of {len(ran)} drills passed"
        return {"sentence": sentence, "drills": ran, "report": str(watcher.folder / "index.html")}


@dataclass
class Interruption:
    """What a signal does: it interrupts, until healing is over and only words are left to say."""

    heeded: bool = True

    def __call__(self, signum: int, _frame: object) -> None:
        if self.heeded:
            raise KeyboardInterrupt(signal.Signals(signum).name)


@dataclass
class Watcher:
    """A plugin that remembers where the run went."""

    interruption: Interruption
    folder: Path | None = None
    reason: str = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """The plugin of the drills heals in here, with signals shut out."""
        self.interruption.heeded = False
        result = yield
        tally = session.config.stash[TALLY]
        self.folder = tally.run.folder if tally.run else None
        return result

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.reason = str(excinfo.value)


@contextmanager
def _signals_interrupt() -> Iterator[Interruption]:
    interruption = Interruption()
    before = {signum: signal.signal(signum, interruption) for signum in SIGNALS}
    try:
        yield interruption
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _left_over(target: Target) -> str:
    """Heal what a drill left, and say so."""
    with closing(Injectors(target)) as injectors:
        try:
            left = list(injectors.sweep())
        except InjectorError as error:
            return f"whether anything is left could not be seen: {error}"
    return f"left broken, and healed now: {', '.join(left)}" if left else ""
