"""What is wanted of ours beside its peers, and whether it was met."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
SIGNS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "<": operator.lt}
OF_PEERS = (
    ("L4", "toxiproxy", False, "added_p50_us", "<=", 1.0, "added p50 of Toxiproxy's"),
    ("L4", "toxiproxy", False, "per_s", ">=", 0.8, "requests/s of Toxiproxy's"),
    ("L7", "envoy", False, "per_s", ">=", 1.0, "requests/s of Envoy's"),
    ("L7", "envoy", True, "per_s", ">=", 1.0, "requests/s of Envoy's, rules in place"),
    ("L7", "envoy", False, "added_p50_us", "<=", 0.5, "added p50 of Envoy's"),
    ("L7", "envoy", True, "added_p50_us", "<=", 0.5, "added p50 of Envoy's, rules in place"),
)
PLACINGS = (("", "placed"), ("free_", "unplaced"))
"""Each is judged both ways: who wins can hang on where the scheduler puts client and upstream."""
BULK = ("L4", "toxiproxy", False, "mb_per_s", ">=", 1.0, "bulk MB/s of Toxiproxy's")
OWN = (
    ("rss_mb", "<", 60.0, "gateway's memory after the load, MB"),
    ("ready_s", "<", 0.5, "gateway's start to its first answer, s"),
)


def judged(rows: list[Row]) -> list[Row]:
    """Return the goals; `met` is None where a peer is missing."""
    known = {(row["layer"], row["name"], row["ruled"]): row for row in rows}
    wanted_of_peers = [
        (layer, peer, ruled, kind + figure, sign, wanted, f"{goal}, {placing}")
        for kind, placing in PLACINGS
        for layer, peer, ruled, figure, sign, wanted, goal in OF_PEERS
    ]
    found = []
    for layer, peer, ruled, figure, sign, wanted, goal in [BULK, *wanted_of_peers]:
        own, other = known[layer, "ours", ruled], known.get((layer, peer, ruled))
        ratio = own[figure] / other[figure] if other and other[figure] else None
        found.append(judgement(layer, goal, sign, wanted, ratio))
    gateways = [known["L7", "ours", ruled] for ruled in (False, True)]
    for figure, sign, wanted, goal in OWN:
        worst = max((row[figure] for row in gateways if row[figure] is not None), default=None)
        found.append(judgement("L7", goal, sign, wanted, worst))
    return found


def judgement(layer: str, goal: str, sign: str, wanted: float, measured: float | None) -> Row:
    met = None if measured is None else SIGNS[sign](measured, wanted)
    measured = None if measured is None else round(measured, 3)
    return {"goal": f"{layer} {goal}", "wanted": f"{sign} {wanted:g}", "measured": measured, "met": met}
