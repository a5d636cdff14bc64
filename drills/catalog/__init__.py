"""All drills, by name in order; a file in this folder that exports DRILL is a drill."""

from __future__ import annotations

import importlib
import pkgutil

from drills.scenario import Drill


def drills() -> dict[str, Drill]:
    """Return every drill of this folder by its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{name}").DRILL for name in names]
    return {drill.name: drill for drill in found}
