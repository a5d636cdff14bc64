"""Assistants beside those of the compose stack, for drills that ask for one that is set up otherwise."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from chaos.injectors.waiting import until
from chaos.stack import containers, undo
from chaos.stack.keeper import Keeper
from drills.subject import marker
from drills.target import Target
from drills.variants import PAGED, environment

UP_WITHIN_S = 30.0


@dataclass(slots=True)
class Beside:
    """Each is started when first asked for, and removed by `keeper` in the end."""

    keeper: Keeper
    target: Target
    """The stack's own."""
    _targets: dict[str, Target] = field(default_factory=dict)

    def variant(self, feature: str) -> Target:
        """See `Drill.variant`.  Raises `StackError`, and `InjectorError` when it does not answer."""
        if feature == PAGED:  # the stack's own is watched
            return self.target
        if feature not in self._targets:
            self._targets[feature] = self._start(feature, f"zep-drill-{feature}-{secrets.token_hex(2)}")
        return self._targets[feature]

    def _start(self, feature: str, name: str) -> Target:
        self.keeper.arm(name, undo.command(["docker", "rm", "--force", "--volumes", name]))
        fleet = {"GUARD_PREFIX": f"{{{name}}}:"}  # of this run: Redis outlives it
        base = f"http://{containers.beside(name, environment(feature) | fleet)}/api"
        command = self.target.mode_command
        target = replace(
            self.target,
            name=name,
            chat_url=f"{base}/chat/",
            metrics_urls=(f"{base}/metrics/",),
            marker_url=f"{base}/marker/",
            mode_command=("docker", "exec", name, *command[command.index("python") :]),
            features=(feature,),
        )
        until(f"{name} answers", lambda: marker(target.marker_url) is not None, UP_WITHIN_S)
        return target
