"""One user and one operator, step by step; each answer is written down."""

from __future__ import annotations

from typing import Any

from drills.evidence import OK
from drills.scenario import Break, Dialogue, LookIntoZep, Mend, Operate, Say
from drills.stage import Stage

Turn = dict[str, Any]
Texts = dict[str, str]


def play(stage: Stage, drill: Dialogue) -> None:
    """Take the steps in order; what a step finds does not stop the next."""
    thread = f"{drill.name}-{stage.history.now() * 1000:.0f}"
    before = stage.instruments.texts()
    stage.apply(drill.faults)
    for number, step in enumerate(drill.script):
        match step:
            case Say():
                _say(stage, number, step, thread)
            case Operate():
                stage.operator.run(*(word.format(thread=thread) for word in step.words))
            case Break():
                stage.apply([step.fault])
            case Mend():
                stage.faults.heal()
            case LookIntoZep():
                _look(stage, number, step, before)
    stage.phase("heal")
    stage.faults.heal()
    stage.metrics("after", bool)


def _say(stage: Stage, number: int, step: Say, thread: str) -> None:
    """Say it until the answer is as stated, or its time is over."""
    stage.phase(step.check or "say")
    turn: Turn = {}

    def answered() -> bool:
        turn.update(stage.instruments.say(step.text, thread))
        return met(step, turn)

    stage.until(answered, step.within_s)
    stage.write("turn", number=number, check=step.check, **turn)


def met(step: Say, turn: Turn) -> bool:
    """Tell whether an answer is what the step states."""
    wanted = {"used": step.used, "cached": step.cached, "source": step.source, "reason": step.reason}
    asked = {name: value for name, value in wanted.items() if value is not None}
    fast = step.below_ms is None or turn["ms"] < step.below_ms
    return fast and turn["status"] == OK and all(turn.get(name) == value for name, value in asked.items())


def _look(stage: Stage, number: int, step: LookIntoZep, before: Texts) -> None:
    """Read what Zep has until every placeholder is there; what it must not have is only counted."""
    found: dict[str, Any] = {}

    def complete() -> bool:
        found.update(_found(stage.instruments.texts(), before, step))
        return not found["missing"]

    stage.until(complete, step.within_s)
    stage.write("stored", number=number, **found)


def _found(now: Texts, before: Texts, step: LookIntoZep) -> dict[str, Any]:
    stored, already = now.get("zep", ""), before.get("zep", "")
    fresh = {place: text.removeprefix(before.get(place, "")) for place, text in now.items()}
    return {
        "looked": sorted(now),
        "missing": [w for w in step.placeholders if stored.count(w) <= already.count(w)],
        "leaks": {place: sum(secret in text for secret in step.secrets) for place, text in fresh.items()},
    }
