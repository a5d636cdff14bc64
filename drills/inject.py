"""Faults in force: armed before applied, kept alive, healed, and read back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, Self

from chaos.faults import Down, HttpFault, KeyRejected, Toxic
from chaos.injectors import InjectorError
from chaos.injectors.l4 import L4
from chaos.injectors.l7 import Gateway
from chaos.stack import undo
from chaos.stack.injector import StackFault, StackInjector
from drills.history import History
from drills.operator import Operator
from drills.scenario import REDIS, ZEP, Fault, Forced
from drills.target import Target

LEASE_S = 5.0
RENEW_EVERY_S = 1.5
HEAL_TRIES = 2
OURS = "drill-"


class Arming(Protocol):
    """What the keeper offers: an undo that outlives us."""

    def arm(self, key: str, undo: Mapping[str, Any]) -> None: ...

    def disarm(self, key: str) -> None: ...


class CapabilityError(Exception):
    """The target lacks what a drill needs; one line."""


class Injectors:
    """The ways to break a target; any may be missing.  `stack` breaks the parts of a stack that is ours."""

    def __init__(self, target: Target, stack: StackInjector | None = None, seed: int = 1) -> None:
        self.target = target
        self.seed = seed
        self.stack = stack
        self.gateway = Gateway(target.gateway_admin) if target.gateway_admin else None
        self.l4 = L4(target.toxiproxy_url) if target.toxiproxy_url else None
        self.operator = Operator(target.mode_command)

    def close(self) -> None:
        if self.gateway:
            self.gateway.close()

    def require(self, faults: Iterable[Fault]) -> None:
        """Raise `CapabilityError` unless all of them could be applied."""
        for fault in faults:
            if isinstance(fault, HttpFault):
                self.required_gateway()
            elif isinstance(fault, Toxic | Down):
                self.required_l4()
            elif isinstance(fault, Forced):
                self._operator()
            else:
                self._stack(fault)

    def sweep(self) -> list[str]:
        """Heal what a dead drill left; returns the names."""
        left = [name for name in self.gateway.active() if name.startswith(OURS)] if self.gateway else []
        for name in left:
            self.required_gateway().heal(name)
        return left + (self.l4.sweep() if self.l4 else [])

    def localised(self, fault: Fault) -> Fault:
        """Put the target's name of a proxy where the drill names it by its part, and the run's seed."""
        if isinstance(fault, HttpFault):
            return replace(fault, seed=self.seed + fault.seed - 1)
        if not isinstance(fault, Toxic | Down):
            return fault
        names = {ZEP: self.target.zep_proxy, REDIS: self.target.redis_proxy}
        return replace(fault, proxy=names.get(fault.proxy, fault.proxy))

    def apply(self, name: str, fault: Fault) -> None:
        if isinstance(fault, HttpFault):
            self.required_gateway().apply(name, fault, LEASE_S)
        elif isinstance(fault, Toxic | Down):
            self.required_l4().apply(name, fault)
        elif isinstance(fault, Forced):
            self._operator().force(fault)
        else:
            self._stack(fault).apply(name, fault)

    def renew(self, name: str, fault: Fault) -> None:
        """Keep a lease alive; Toxiproxy knows none."""
        if isinstance(fault, HttpFault):
            self.required_gateway().renew(name, LEASE_S)

    def heal(self, name: str, fault: Fault) -> None:
        if isinstance(fault, HttpFault):
            self.required_gateway().heal(name)
        elif isinstance(fault, Toxic | Down):
            self.required_l4().heal(name, fault)
        elif isinstance(fault, Forced):
            self._operator().clear()
        else:
            self._stack(fault).heal(name, fault)

    def active(self, name: str, fault: Fault) -> bool:
        """Ask the injector whether the fault is in force."""
        if isinstance(fault, HttpFault):
            return name in self.required_gateway().active()
        if isinstance(fault, Toxic | Down):
            return self.required_l4().in_force(name, fault)
        if isinstance(fault, Forced):
            return self._operator().forced()
        return self._stack(fault).in_force(name, fault)

    def undo(self, name: str, fault: Fault) -> dict[str, Any] | None:
        """Describe the undo as data for the keeper; None for what ends with the stack."""
        if isinstance(fault, HttpFault):
            return undo.l7_fault(self.target.gateway_admin, name)
        if isinstance(fault, Toxic | Down):
            return undo.l4_fault(self.target.toxiproxy_url, name, fault)
        if isinstance(fault, Forced):
            return undo.command(self._operator().clear_words())
        return self._stack(fault).undo(name, fault)

    def required_gateway(self) -> Gateway:
        """Raises `CapabilityError` where there is none, as `required_l4` does."""
        if self.gateway is None:
            raise CapabilityError(f"target {self.target.name} has no fault gateway ([faults] gateway_admin)")
        return self.gateway

    def required_l4(self) -> L4:
        if self.l4 is None:
            raise CapabilityError(f"target {self.target.name} has no Toxiproxy ([faults] toxiproxy_url)")
        return self.l4

    def _operator(self) -> Operator:
        if not self.operator:
            raise CapabilityError(f"target {self.target.name} has no operations command ([mode] command)")
        return self.operator

    def _stack(self, fault: StackFault) -> StackInjector:
        if self.stack is None:
            raise CapabilityError(f"{fault.kind} needs a stack of our own (--stack local)")
        return self.stack


@dataclass(frozen=True, slots=True)
class InForce:
    """A fault by its name."""

    name: str
    fault: Fault

    breaks_link: bool
    """Zep cannot answer as usual, and the gateway's log does not name the fault."""

    def fields(self) -> dict[str, Any]:
        """Return what the journal says about it."""
        layers = {HttpFault: "l7", Toxic: "l4", Down: "l4", Forced: "operator"}
        layer = next((name for kind, name in layers.items() if isinstance(self.fault, kind)), "stack")
        fields = {"fault": self.fault.kind, "name": self.name, "layer": layer, "params": asdict(self.fault)}
        return {**fields, "broken_link": self.breaks_link}


class Faults:
    """The faults of one drill; leaving the context heals whatever is still in force."""

    def __init__(self, injectors: Injectors, keeper: Arming, history: History, drill: str, run: str) -> None:
        self._injectors = injectors
        self._keeper = keeper
        self._history = history
        self._drill = drill
        self._prefix = f"{OURS}{run}-{drill}-"
        self._number = 0
        self._in_force: list[InForce] = []
        self._over = threading.Event()
        self._renewer: threading.Thread | None = None
        self.trouble: InjectorError | None = None
        """Why a lease could not be renewed: the fault may have healed by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()

    @property
    def begun(self) -> bool:
        """Tell whether anything was broken yet: before that, trouble is the target's own."""
        return self._number > 0

    def apply(self, fault: Fault) -> None:
        """Arm the undo, then break.  Raises `InjectorError` and `CapabilityError`."""
        self._number += 1
        links = isinstance(fault, KeyRejected) or getattr(fault, "proxy", None) == ZEP
        one = InForce(f"{self._prefix}{self._number}", self._injectors.localised(fault), links)
        armed = self._injectors.undo(one.name, one.fault)
        self._in_force.append(one)  # first: an interruption while the keeper answers leaves it armed
        if armed:
            self._keeper.arm(one.name, armed)
        self._say("fault_armed", one)
        self._injectors.apply(one.name, one.fault)
        self._say("fault_applied", one)
        if not (isinstance(fault, HttpFault) or links):  # no log can name it: the injector saw it take effect
            self._say("fault_hit", one)
        self._keep_alive()

    def heal(self) -> list[str]:
        """Heal, newest first, and read each heal back; returns what could not be verified.

        That stays armed in the keeper.  An exception is never raised from here: healing goes on.
        """
        self._stop_renewing()
        unverified = [one for one in reversed(self._in_force) if not self._healed(one)]
        self._in_force.clear()
        return [one.name for one in unverified]

    def _healed(self, one: InForce) -> bool:
        for _ in range(HEAL_TRIES):
            try:
                self._injectors.heal(one.name, one.fault)
                self._say("fault_healed", one)
                if not self._injectors.active(one.name, one.fault):
                    self._say("heal_verified", one)
                    self._keeper.disarm(one.name)
                    return True
            except InjectorError as error:
                self._history.write("note", drill=self._drill, text=f"heal: {error}")
        return False

    def _say(self, kind: str, one: InForce) -> None:
        self._history.write(kind, drill=self._drill, **one.fields())

    def _keep_alive(self) -> None:
        if self._renewer is None:
            self._over.clear()
            self._renewer = threading.Thread(target=self._renew, name="drill-leases", daemon=True)
            self._renewer.start()

    def _renew(self) -> None:
        while not self._over.wait(RENEW_EVERY_S):
            try:
                for one in list(self._in_force):
                    self._injectors.renew(one.name, one.fault)
            except InjectorError as error:
                self.trouble = error
                return

    def _stop_renewing(self) -> None:
        self._over.set()
        if self._renewer:
            self._renewer.join()
            self._renewer = None
