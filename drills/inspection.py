"""`zep-drill target check FILE`: what a target offers, what it lacks and which drills miss it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass

from chaos.faults import Down, HttpFault, Toxic
from chaos.injectors import InjectorError
from drills.catalog import drills
from drills.checks.telemetry import EXPORTED, STATUS
from drills.evidence import OK
from drills.inject import CapabilityError, Injectors
from drills.observe import Instruments
from drills.pager import Pager
from drills.scenario import Dialogue, Drill, Forced, LookIntoZep
from drills.target import Target, TargetError

TRACE = ("mode", "source", "used", "cached", "reason")


@dataclass(frozen=True, slots=True)
class Finding:
    """One capability; `lack` is empty when it is there, `drills` are those that need it."""

    capability: str
    lack: str
    drills: tuple[str, ...]
    optional: bool = False
    """Whether a target without it is whole: few have a pager for drills."""


def inspect(target: Target) -> list[Finding]:
    """Ask for every capability, once."""
    injectors = Injectors(target)
    with closing(Instruments(target)) as instruments, closing(injectors):
        asked: list[tuple[str, Callable[[], str], Callable[[Drill], bool]]] = [
            ("marker", lambda: _marker(instruments), lambda _: True),
            ("chat with trace.memory", lambda: _chat(instruments), lambda _: True),
            ("trace.worker", lambda: _worker(instruments), lambda d: not isinstance(d, Dialogue)),
            ("metrics", lambda: _metrics(instruments), lambda d: not isinstance(d, Dialogue)),
            ("operations command", lambda: _status(injectors), lambda d: not isinstance(d, Dialogue)),
            ("fault gateway", lambda: _gateway(injectors), lambda d: _needs(d, HttpFault)),
            ("Toxiproxy", lambda: _toxiproxy(injectors, target), lambda d: _needs(d, Toxic | Down)),
            ("what Zep stored", lambda: _stored(instruments), _looks),
        ]
        found = [Finding(name, look(), _names(needed)) for name, look, needed in asked]
        return [*found, _pager(target), _own_stack()]


def report(findings: list[Finding], *, as_json: bool) -> str:
    """Write the findings for people, or for a program."""
    if as_json:
        return json.dumps([asdict(finding) for finding in findings], indent=2)
    return "\n".join(_lines(findings))


def _lines(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{'ok     ' if not finding.lack else 'missing'}  {finding.capability}" + (
            f": {finding.lack}" if finding.lack else ""
        )
        if finding.lack:
            yield f"         {len(finding.drills)} drills need it: {', '.join(finding.drills)}"


# one capability each: why it is missing, or nothing


def _marker(instruments: Instruments) -> str:
    try:
        instruments.check_marker()
    except TargetError as error:
        return str(error)
    return ""


def _chat(instruments: Instruments) -> str:
    turn = instruments.say("hello", f"check-{secrets.token_hex(3)}")
    if turn["status"] != OK:
        return f"chat answers {turn['status'] or 'nothing'}"
    lack = [name for name in TRACE if name not in turn]
    return f"trace.memory lacks {', '.join(lack)}" if lack else ""


def _worker(instruments: Instruments) -> str:
    turn = instruments.say("hello", f"check-{secrets.token_hex(3)}")
    return "" if turn.get("worker") else "answers do not say which process gave them"


def _metrics(instruments: Instruments) -> str:
    values = instruments.metrics()
    lack = [name for name in EXPORTED if not any(key.startswith(name) for key in values)]
    if not values:
        return "metrics_urls answer no metrics of the guard"
    return f"not exported (yet): {', '.join(lack)}" if lack else ""


def _status(injectors: Injectors) -> str:
    found = injectors.operator.status()
    if "error" in found:
        return str(found["error"])
    lack = sorted(STATUS - found["values"].keys())
    return f"--status --json lacks {', '.join(lack)}" if lack else ""


def _gateway(injectors: Injectors) -> str:
    try:
        return "" if injectors.required_gateway().version() else "no version"
    except (CapabilityError, InjectorError) as error:
        return str(error)


def _toxiproxy(injectors: Injectors, target: Target) -> str:
    try:
        injectors.required_l4().learn(target.zep_proxy)
    except (CapabilityError, InjectorError) as error:
        return str(error)
    return ""


def _stored(instruments: Instruments) -> str:
    return "" if "zep" in instruments.texts() else "no [target] stored_url answers with what Zep stored"


def _pager(target: Target) -> Finding:
    pager, lack = Pager(target), ""
    try:
        pager.from_now()
    except TargetError as error:
        lack = str(error) if pager else "no [alerts] pager_log_url: zep-chaos pager serves one"
    return Finding("pager", lack, _names(lambda drill: drill.pages is not None), optional=True)


def _own_stack() -> Finding:
    own = tuple(name for name, drill in drills().items() if needs_stack(drill))
    return Finding("processes and Redis of its own", "broken on --stack local only", own, optional=True)


# which drills need what


def _names(needed: Callable[[Drill], bool]) -> tuple[str, ...]:
    return tuple(name for name, drill in drills().items() if needed(drill))


def _needs(drill: Drill, kind: object) -> bool:
    return any(isinstance(fault, kind) for fault in drill.everything)  # type: ignore[arg-type]  # a class or a union


def needs_stack(drill: Drill) -> bool:
    """Tell whether a drill breaks what only a stack of our own lets it reach."""
    return any(not isinstance(fault, HttpFault | Toxic | Down | Forced) for fault in drill.everything)


def _looks(drill: Drill) -> bool:
    return isinstance(drill, Dialogue) and any(isinstance(step, LookIntoZep) for step in drill.script)
