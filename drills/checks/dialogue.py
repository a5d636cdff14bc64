"""A dialogue is judged step by step: each named turn, and what was found in Zep, logs and metrics."""

from __future__ import annotations

from drills.checks.check import Check, Result, Subject, fact, unknown
from drills.evidence import Line
from drills.scenario import Dialogue, LookIntoZep, Say

SHOWN = ("used", "cached", "source", "reason")


def steps(subject: Subject) -> list[Check]:
    """Return a check for every step that states something."""
    assert isinstance(subject.drill, Dialogue)  # noqa: S101 - the table of checks by kind says so
    found: list[Check] = []
    for number, step in enumerate(subject.drill.script):
        if isinstance(step, Say) and step.check:
            found.append(_turn(step, subject.evidence.first("turn", number=number)))
        elif isinstance(step, LookIntoZep):
            found += _stored(step, subject.evidence.first("stored", number=number))
    return found


def _turn(step: Say, line: Line | None) -> Check:
    if line is None:
        return unknown(step.check, "the dialogue did not come this far")
    wrong = [] if line["status"] == 200 else [f"status {line['status']}"]  # noqa: PLR2004 - HTTP's own
    for name in SHOWN:
        wanted = getattr(step, name)
        if wanted is not None and line.get(name) != wanted:
            wrong.append(f"{name} is {line.get(name)} instead of {wanted}")
    slow = step.below_ms is not None and line["ms"] >= step.below_ms
    if slow:
        wrong.append(f"took {line['ms']} ms, not below {step.below_ms:g} ms")
    result = Result.FAIL if wrong else Result.PASS
    return Check(step.check, result, line["ms"], step.below_ms, "ms", "; ".join(wrong))


def _stored(step: LookIntoZep, line: Line | None) -> list[Check]:
    if line is None:
        return [unknown("nothing_leaks", "the dialogue did not come this far")]
    if "zep" not in line["looked"]:
        return [unknown("nothing_leaks", "what Zep stored cannot be read ([target] stored_url)")]
    leaks = [f"{count} in {place}" for place, count in line["leaks"].items() if count]
    why = f"of {len(step.secrets)} secrets: {', '.join(leaks)}"
    checks = [
        fact("nothing_leaks", holds=not leaks, measured=f"looked into {', '.join(line['looked'])}", why=why)
    ]
    if step.placeholders:
        missing = ", ".join(line["missing"])
        why = f"Zep stored no {missing}"
        checks.append(
            fact("placeholders_stored", holds=not missing, expected=" ".join(step.placeholders), why=why)
        )
    return checks


def redactions_counted(subject: Subject) -> Check:
    """What was taken out is counted by type."""
    after = subject.evidence.metrics("after")
    if after is None:
        return unknown("redactions_counted", "no metrics")
    counted = {key: value for key, value in after.items() if key.startswith("memory_zep_redactions_total")}
    why = "memory_zep_redactions_total did not move"
    return fact(
        "redactions_counted", holds=any(counted.values()), measured=f"{sum(counted.values()):g}", why=why
    )
