"""Everything a run needs around its drills: keeper, stack, assistant; ended in any case."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos.stack import undo
from chaos.stack.injector import StackInjector
from chaos.stack.keeper import Keeper
from drills.target import Target

LOCAL_HOLD_S = 2.0
"""Short, so that a drill need not wait 300 s; everything else is as in production."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A target that is up, and the keeper that undoes."""

    target: Target
    keeper: Keeper
    versions: Mapping[str, str] = field(default_factory=dict)
    hide: tuple[str, ...] = ()
    """Secrets beside the target's token."""
    injector: StackInjector | None = None
    """Breaks the parts of a stack that is ours."""
    variant: Callable[[str], Target] | None = None
    """Starts another application, once, by what is special about it."""


@contextmanager
def local() -> Iterator[Scene]:
    """Start the local stack and the assistant in front of it.

    Raises `StackError` and `KeeperError`, one line each; nothing is left then.
    """
    from chaos.stack.local import LocalStack  # noqa: PLC0415 - heavy, and only this scene needs it
    from drills import subject  # noqa: PLC0415 - same

    api_key, token = secrets.token_hex(16), secrets.token_hex(16)
    with Keeper() as keeper:
        folder = Path(tempfile.mkdtemp(prefix="zep-drill-"))
        keeper.arm("folder of the scene", undo.tree(folder))
        with LocalStack(folder, keeper, api_key=api_key) as endpoints:
            assistant = subject.Assistant(keeper, endpoints, folder, LOCAL_HOLD_S, token, api_key)
            target = assistant.start()
            yield Scene(target, keeper, endpoints.versions, (api_key,), endpoints.injector, assistant.variant)
            assistant.stop()


@contextmanager
def remote(target: Target) -> Iterator[Scene]:
    """Drill what is there already; only the undo is ours."""
    with Keeper() as keeper:
        yield Scene(target, keeper)
