"""How a gate ended: the one thing that it prints."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from drills.verdict import Exit

VERDICTS = {
    Exit.PASS: "pass",
    Exit.FAIL: "fail",
    Exit.INCONCLUSIVE: "inconclusive",
    Exit.STOPPED: "stopped",
    Exit.NOT_UNDONE: "not_undone",
    Exit.INTERRUPTED: "interrupted",
}
REFUSED = "refused"
"""Nothing was begun: the target, or what was asked for, cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`drills` are name, verdict and sentence of each that ran; paths are empty where there is nothing."""

    exit_code: int
    target: str
    sentence: str
    drills: list[dict[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    why_left_out: str = ""
    missing: dict[str, str] = field(default_factory=dict)
    """Capabilities that the target lacks, each with what was found instead."""
    report: str = ""
    junit: str = ""

    @property
    def verdict(self) -> str:
        return next((name for code, name in VERDICTS.items() if code == self.exit_code), REFUSED)

    def json(self) -> str:
        """Return one line."""
        return json.dumps({"verdict": self.verdict, **asdict(self)}, ensure_ascii=False)
