"""Python imports this first in every process that has this folder on PYTHONPATH: the guard breaks as told.

`ZEP_GUARD_BROKEN` names one of breaks.py; without it nothing is broken.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from typing import Any

NAME = os.environ.get("ZEP_GUARD_BROKEN", "")


class _Break(MetaPathFinder):
    """Bends the guard when it is first put together, in whichever process that is."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "guard.wiring":
            sys.meta_path.remove(self)
            from breaks import BREAKS

            BREAKS[NAME].apply()


if NAME:
    sys.meta_path.insert(0, _Break())
