"""The target's operations command, run as an operator would: `--status`, `--force`, `--clear`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from chaos.injectors import InjectorError
from drills.scenario import Forced

TIMEOUT_S = 10.0


class Operator:
    """Appends words to `command`, the target file's own; an empty one is a capability that is missing."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    def __bool__(self) -> bool:
        return bool(self._command)

    def clear_words(self) -> list[str]:
        """Return the whole command that takes a force back."""
        return [*self._command, "--clear"]

    def status(self) -> dict[str, Any]:
        """Ask for `--status --json`; returns {"values": ...} or {"error": one line}."""
        if not self:
            return {"error": "the target has no operations command"}
        try:
            return {"values": json.loads(self.run("--status", "--json"))}
        except InjectorError as error:
            return {"error": str(error)}
        except ValueError:
            return {"error": "the operations command answers no JSON"}

    def run(self, *words: str) -> str:
        """Return what the command prints; raise `InjectorError` unless it exits with 0."""
        try:
            done = subprocess.run(  # noqa: S603 - the target file's own command
                [*self._command, *words],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InjectorError(f"the operations command: {type(error).__name__}") from error
        if done.returncode:
            raise InjectorError(f"the operations command: {_last(done.stderr)}")
        return done.stdout

    # forced by hand, as a fault

    def force(self, fault: Forced) -> None:
        self.run("--force", fault.reason, "--ttl", f"{fault.ttl_s:g}", "--mode", fault.mode)

    def clear(self) -> None:
        self.run("--clear")

    def forced(self) -> bool:
        """Tell whether a force is in place; raises `InjectorError` when it cannot be told."""
        found = self.status()
        if "error" in found:
            raise InjectorError(found["error"])
        return bool(found["values"].get("forced"))


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
