"""Carries out one drill after the other: load, faults, watching, healing.

What it saw goes to the journal; the verdict is read from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from chaos.allowed import on_loopback
from chaos.injectors import InjectorError
from chaos.stack.keeper import KeeperError
from drills.history import History, lines_of
from drills.inject import Arming, CapabilityError, Faults, Injectors
from drills.load.process import Load, LoadPlan
from drills.machine import Waiting
from drills.observe import Audience, Instruments, Seen, StopConditionError
from drills.operator import Operator
from drills.pager import Pager
from drills.plays import play
from drills.progress import Progress
from drills.scenario import Dialogue, Drill
from drills.sent import Sent
from drills.stage import Stage, UnsteadyError
from drills.target import Target, TargetError
from drills.verdict import Verdict, judge


class EndedError(Exception):
    """The drill could not go on, nor can the next; one line.  `verdict` is what the journal still gave."""

    def __init__(self, line: str, verdict: Verdict) -> None:
        super().__init__(line)
        self.verdict = verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs drills against one target."""

    target: Target
    injectors: Injectors
    keeper: Arming
    history: History
    run_id: str
    seed: int
    engine: str = "open_loop"
    """What sends the load."""
    rate: float = 50.0
    """Chat requests a second."""
    variant: Callable[[str], Target] | None = None
    """Starts an application that a drill asks for by its variant; None: the target has what it has."""
    progress: Progress
    interrupted: Callable[[], bool] = lambda: False
    """Asked while waiting: Python loses a KeyboardInterrupt that is raised in a finaliser."""

    def run(self, drill: Drill) -> Verdict:
        """Rehearse, journal and judge one drill.

        Raises `EndedError` when the target or an injector is gone; KeyboardInterrupt passes, healed.
        """
        self.history.write("drill", drill=drill.name, title=drill.title, why=drill.why)
        sent, waiting = Sent.from_now(self.injectors.gateway), Waiting()
        trouble = self._rehearsed(drill, sent)
        if on_loopback(urlsplit(self.target.chat_url).hostname or ""):
            self.history.write("machine", drill=drill.name, waited=waiting.share())
        sent.journal(self.history, drill.name, self.target.hold_s)
        lines = lines_of(self.history.path, drill.name)
        verdict = judge(lines, drill, self.target.budgets, self.target.hold_s, self.target.lease_s)
        self.history.write("verdict", drill=drill.name, **verdict.fields())
        if trouble:
            raise EndedError(self.history.redactor(str(trouble)), verdict) from trouble
        return verdict

    def _rehearsed(self, drill: Drill, sent: Sent) -> Exception | None:
        """Play it; returns what makes going on pointless."""
        try:
            with self._stage(drill, sent) as stage:
                play(stage)
        except StopConditionError as stop:
            self.history.write("stop", drill=drill.name, text=str(stop))
        except CapabilityError as lack:
            self.history.write("lacks", drill=drill.name, text=str(lack))
        except UnsteadyError as error:
            self.history.write("note", drill=drill.name, text=str(error))
        except (TargetError, InjectorError, KeeperError) as error:
            self.history.write("note", drill=drill.name, text=str(error))
            return error
        except KeyboardInterrupt:
            self.history.write("note", drill=drill.name, text="interrupted")
            raise
        return None

    @contextmanager
    def _stage(self, drill: Drill, sent: Sent) -> Iterator[Stage]:
        faults = Faults(self.injectors, self.keeper, self.history, drill.name, self.run_id)
        stop = partial(self._stop, drill, faults)
        audience = Audience(self.history, drill.name, stop, self.progress.look)
        with closing(Instruments(self._target(drill))) as instruments:
            stage = Stage(
                drill=drill,
                target=self._target(drill),
                history=self.history,
                injectors=self.injectors,
                audience=audience,
                instruments=instruments,
                faults=faults,
                operator=Operator(self._target(drill).mode_command),
                sent=sent,
                pager=Pager(self._target(drill)),
                progress=self.progress,
                label=self._label(drill),
            )
            stage.check_pace(drill.rate or self.rate)
            stage.check_ground()
            with self._load(drill, audience), faults:
                yield stage

    def _target(self, drill: Drill) -> Target:
        return self.variant(drill.variant) if drill.variant and self.variant else self.target

    def _label(self, drill: Drill) -> str:
        return f"{drill.name}-{self.run_id[-4:]}"

    def _load(self, drill: Drill, audience: Audience) -> AbstractContextManager[object]:
        if isinstance(drill, Dialogue):
            return nullcontext()
        plan = LoadPlan(
            url=self._target(drill).chat_url,
            token=self.target.token,
            t0=self.history.t0,
            prefix=f"drill-{self.run_id}",
            seed=self.seed,
            rate=drill.rate or self.rate,
            engine=self.engine,
            label=self._label(drill),
        )
        return Load(plan, audience.hear)

    def _stop(self, drill: Drill, faults: Faults, seen: Seen) -> None:
        if self.interrupted():
            raise KeyboardInterrupt
        allowed = self.target.budgets.stop_user_errors + drill.tolerates
        if seen.errors > allowed and not faults.begun:
            raise UnsteadyError(f"no steady state: {seen.errors} user errors before anything was broken")
        if seen.errors > allowed:
            raise StopConditionError(f"{seen.errors} user errors, more than the {allowed} that stop a drill")
        limit_ms = self.target.budgets.stop_p95_ms
        if faults.begun and seen.p95_beyond(limit_ms):
            raise StopConditionError(f"the p95 of the latest answers is beyond {limit_ms:g} ms")
        if seen.load_ended:
            raise UnsteadyError("the load generator ended before the drill did")
        if faults.trouble:
            raise faults.trouble
