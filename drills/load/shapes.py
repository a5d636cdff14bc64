"""How much load at which moment: pure shapes, in shares of the rate that was asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """`share` of the rate until `until` of the time, both 0 to 1 (a share may be more)."""

    until: float
    share: float


SHAPES: dict[str, tuple[Stage, ...]] = {
    "steady": (Stage(1.0, 1.0),),
    "canary": (Stage(1.0, 0.1),),  # what a tenth of the workers gets
    "peak": (Stage(0.2, 0.5), Stage(0.3, 1.0), Stage(0.7, 2.0), Stage(0.8, 1.0), Stage(1.0, 0.5)),
    "soak": tuple(Stage((n + 1) / 20, (0.8, 1.2)[n % 2]) for n in range(20)),  # it breathes
}


def rate_at(shape: str, at_s: float, *, rate: float, for_s: float) -> float | None:
    """Return the requests a second at `at_s` seconds; None when it is over."""
    stages = SHAPES[shape]
    return next((stage.share * rate for stage in stages if at_s < stage.until * for_s), None)
