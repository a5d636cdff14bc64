"""Everything a run needs around its drills: keeper, stack, assistant; ended in any case."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from chaos.faults import Failover, KeyRejected
from chaos.stack import alerting, clock, undo
from chaos.stack.injector import StackInjector
from chaos.stack.keeper import Keeper
from drills import upstream
from drills.scenario import Drill
from drills.target import Target

GATEWAY_TOKEN_ENV = "GATEWAY_ADMIN_TOKEN"  # noqa: S105 - the name of the variable
COMPOSE_SECRET = "only-on-loopback"  # noqa: S105 - docker-compose.yml's default; all is published on loopback only
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
def compose(file: Path) -> Iterator[Scene]:
    """Drill docker-compose.yml's stack: started where it does not run, and left running.

    Raises `StackError`, `TargetError` and `KeeperError`, one line each.
    """
    from chaos.stack import containers  # noqa: PLC0415 - the Docker SDK takes its time
    from drills.beside import Beside  # noqa: PLC0415 - same

    upstream.choose(file)
    os.environ.setdefault(GATEWAY_TOKEN_ENV, COMPOSE_SECRET)
    described = Path(__file__).with_name("compose.toml")
    target = upstream.adapted(Target.load(described, {"ASSISTANT_TOKEN": COMPOSE_SECRET, **os.environ}))
    containers.up(file)
    target = replace(target, mode_command=_through(containers.compose(), target.mode_command))
    secrets_of_it = (os.environ[GATEWAY_TOKEN_ENV], os.environ.get("ZEP_API_KEY", COMPOSE_SECRET))
    with Keeper() as keeper:
        variant = Beside(keeper, target).variant
        yield Scene(target, keeper, containers.versions(), secrets_of_it, containers.injector(), variant)


def _through(compose: list[str], command: tuple[str, ...]) -> tuple[str, ...]:
    """Have a command of the target file run by the Compose that is here."""
    return (*compose, *command[command.index("exec") :])


def unfit(stack: str, drill: Drill) -> str:
    """Tell why a drill cannot be played on a stack at all; empty where it can."""
    variant = getattr(drill, "variant", "")
    if stack == "local" and variant == "clocked" and not clock.available():
        return "no libfaketime here: apt-get install libfaketime"
    if stack == "local" and variant == "paged" and (lack := alerting.missing()):
        return f"nobody can be paged here: apt-get install {' '.join(lack)}"
    if (
        stack == "compose"
        and upstream.foreign()
        and any(isinstance(f, KeyRejected) for f in drill.everything)
    ):
        return f"only the double can be told to reject its key: ${upstream.UPSTREAM} names another Zep"
    if stack == "compose" and variant == "clocked":
        return "the clock of a process in a container cannot be shifted: --stack local"
    if stack == "compose" and any(isinstance(fault, Failover) for fault in drill.everything):
        return "needs a second Redis: --stack local"
    return ""


@contextmanager
def remote(target: Target) -> Iterator[Scene]:
    """Drill what is there already; only the undo is ours."""
    with Keeper() as keeper:
        yield Scene(target, keeper)
