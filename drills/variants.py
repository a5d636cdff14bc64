"""How the applications are set up that single drills ask for: see `Drill.variant`.  All else is as usual."""

from __future__ import annotations

PAGED = "paged"
"""Watched by a Prometheus and an Alertmanager."""
VARIANTS: dict[str, dict[str, str]] = {
    "adaptive": {"GUARD_CACHE_S": "0", "GUARD_ADAPTIVE_DEADLINE": "on"},
    "cached": {"GUARD_CACHE_S": "30"},
    "gentle": {"GUARD_CACHE_S": "0", "GUARD_RAMP": "on"},
    "impatient": {"GUARD_CACHE_S": "0", "GUARD_SLOW_MS": "150"},
    "outbox": {"GUARD_CACHE_S": "0", "GUARD_OUTBOX": "2000"},
    PAGED: {"GUARD_CACHE_S": "0"},
    "stale": {"GUARD_CACHE_S": "0", "GUARD_STALE_S": "600"},
}
"""But for `clocked`, which needs a library beside its environment."""


def environment(name: str) -> dict[str, str]:
    """Return what a variant adds to the application's environment: a fleet of its own, of one process."""
    return {"GUARD_PREFIX": f"{{{name}}}:", **VARIANTS[name], "ASSISTANT_WORKERS": "1"}
