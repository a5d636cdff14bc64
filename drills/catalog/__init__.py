"""All drills, the gentlest first; a file in this folder that exports DRILL is a drill."""

from __future__ import annotations

import importlib
import pkgutil

from chaos.faults import HttpFault, ProcessFault, RedisFault
from drills.scenario import REDIS, Dialogue, Drill, Forced


def drills() -> dict[str, Drill]:
    """Return every drill of this folder by its name, in an order that is safe to run them in."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{name}").DRILL for name in names]
    return {drill.name: drill for drill in sorted(found, key=risk)}


def risk(drill: Drill) -> int:
    """Tell how much a drill may break, from 0: words, the mode, reads, a network, Redis, processes."""
    if isinstance(drill, Dialogue):
        return 0
    return max((_risk_of(fault) for fault in drill.everything), default=0)


def _risk_of(fault: object) -> int:
    if isinstance(fault, ProcessFault):
        return 5
    if isinstance(fault, RedisFault) or getattr(fault, "proxy", None) == REDIS:
        return 4
    if isinstance(fault, Forced):
        return 1
    return 2 if isinstance(fault, HttpFault) else 3
