"""A broken guard: a refused key counts as a wrong request of ours.  Put this folder on PYTHONPATH."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any


class _Break(MetaPathFinder):
    """Bends the guard when it is first imported, in whichever process that is."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "guard.service":
            sys.meta_path.remove(self)
            _ignore_401()


def _ignore_401() -> None:
    from guard.errors import Kind
    from guard.zep import failures

    failures._AUTH = (403,)
    assert failures._status_kind(401) is Kind.CLIENT


sys.meta_path.insert(0, _Break())
