"""What each contender adds to one call, in microseconds."""

from __future__ import annotations

import statistics
from typing import Any

from tests.bench.contenders import Contender, contenders

ROUNDS, CALLS, SHARED_CALLS = 7, 20_000, 2_000
SAMPLE = 200
"""Calls of each whose fate is looked at: healthy ones must reach the backend, blocked ones must not."""

Row = dict[str, Any]
Runs = list[list[float]]
"""Of each contender, microseconds a call in each round."""


def added_us(url: str, share: int) -> list[Row]:
    """Return a row for each guard; `share` makes that many times fewer calls."""
    entered = list(contenders(url))
    healthy, admitted = timed_in_turn(entered, share), [one.asked(SAMPLE) for one in entered]
    for one in entered:
        one.trip()
    blocked, leaked = timed_in_turn(entered, share), [one.asked(SAMPLE) for one in entered]
    plain = {one.awaits: min(healthy[n]) for n, one in enumerate(entered) if one.plain}
    rows = [
        {
            "name": one.name,
            "shared": one.shared,
            "healthy": over(summary(healthy[n]), plain[one.awaits]) | {"reached": admitted[n] / SAMPLE},
            "blocked": summary(blocked[n]) | {"reached": leaked[n] / SAMPLE},
        }
        for n, one in enumerate(entered)
        if not one.plain
    ]
    for one in entered:
        one.close()
    return beside_ours(rows)


def timed_in_turn(entered: list[Contender], share: int) -> Runs:
    """Time everybody round by round, so that a noisy second hits all alike."""
    runs: Runs = [[] for _ in entered]
    for _ in range(ROUNDS):
        for one, took in zip(entered, runs, strict=True):
            slow = one.shared and one.name != "zep-guard"
            calls = (SHARED_CALLS if slow else CALLS) // share
            took.append(one.run(calls) / calls * 1e6)
    return runs


def summary(took: list[float]) -> dict[str, float]:
    return {"min": round(min(took), 3), "median": round(statistics.median(took), 3)}


def over(took: dict[str, float], plain: float) -> dict[str, float]:
    """Take the best plain round from both: each one's own would put a lucky median below its minimum."""
    return {name: round(us - plain, 3) for name, us in took.items()}


def beside_ours(rows: list[Row]) -> list[Row]:
    """Say of each how many times ours it costs, in memory or shared alike."""
    own = {row["shared"]: row for row in rows if row["name"] == "zep-guard"}
    for row in rows:
        for state in ("healthy", "blocked"):
            row[state]["times_ours"] = round(row[state]["min"] / own[row["shared"]][state]["min"], 2)
    return rows
