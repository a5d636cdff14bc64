"""A fault held by hand: how each layer applies it, looks after it and takes it back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from chaos.faults import Down, Full, HttpFault, Loading, Pause, ReadOnly, RedisFault, Toxic
from chaos.hand.options import KINDS, chosen
from chaos.stack import undo

LEASE_S = 5.0
IN_REDIS: dict[str, type[RedisFault]] = {kind.kind: kind for kind in (ReadOnly, Full, Loading)}
"""What can be taken back; a flush cannot, and a failover needs a stack."""


@dataclass(frozen=True, slots=True)
class Held:
    """A fault and how to handle it, whichever injector has it."""

    undo: dict[str, Any]
    apply: Callable[[], None]
    renew: Callable[[], None]
    heal: Callable[[], None]
    gone: Callable[[], bool]
    hits: Callable[[], int | None]


def _http(name: str, options: Any, stack: ExitStack) -> Held:
    from chaos.injectors.l7 import Gateway  # noqa: PLC0415 - httpx takes 0.1 s

    fault: HttpFault = KINDS[options.kind](**chosen(KINDS[options.kind], options))
    gateway = stack.enter_context(closing(Gateway(options.gateway)))
    return Held(
        undo=undo.l7_fault(options.gateway, name),
        apply=lambda: gateway.apply(name, fault, LEASE_S),
        renew=lambda: gateway.renew(name, LEASE_S),
        heal=lambda: gateway.heal(name),
        gone=lambda: name not in gateway.active(),
        hits=lambda: gateway.hits(name),
    )


def _tcp(name: str, options: Any, _stack: ExitStack) -> Held:
    from chaos.injectors.l4 import L4  # noqa: PLC0415 - requests takes 0.2 s
    from chaos.toxiproxy.toxics import BY_TYPE  # noqa: PLC0415

    fault: Toxic | Down = Down(proxy=options.proxy)
    if options.kind != "down":
        attributes = chosen(BY_TYPE[options.kind], options)
        fault = Toxic(
            proxy=options.proxy,
            type=options.kind,
            attributes=attributes,
            stream=options.stream,
            toxicity=options.toxicity,
        )
    l4 = L4(options.toxiproxy)
    l4.learn(options.proxy)
    return Held(
        undo=undo.l4_fault(options.toxiproxy, name, fault),
        apply=lambda: l4.apply(name, fault),
        renew=lambda: None,
        heal=lambda: l4.heal(name, fault),
        gone=lambda: not l4.in_force(name, fault),
        hits=lambda: None,
    )


def _process(name: str, options: Any, _stack: ExitStack) -> Held:
    from chaos.injectors.processes import ByPid, Processes  # noqa: PLC0415

    fault = Pause(process="those")
    processes = Processes(ByPid(options.pid))
    return Held(
        undo=undo.resume(processes.choose(name, fault)),
        apply=lambda: processes.apply(name, fault),
        renew=lambda: None,
        heal=lambda: processes.heal(name, fault),
        gone=lambda: not processes.in_force(name, fault),
        hits=lambda: None,
    )


def _redis(_name: str, options: Any, stack: ExitStack) -> Held:
    from chaos.injectors.redis import RedisServer  # noqa: PLC0415 - redis-py takes 0.1 s

    kind = IN_REDIS[options.kind]
    fault = kind(for_s=options.for_s) if kind is Loading else kind()
    server = stack.enter_context(closing(RedisServer(options.redis)))
    before = server.undo(fault)
    return Held(
        undo=undo.redis(options.redis, before),
        apply=lambda: server.apply(fault),
        renew=lambda: None,
        heal=lambda: server.heal(before),
        gone=lambda: not server.in_force(fault),
        hits=lambda: None,
    )


HOLD: dict[str, Callable[[str, Any, ExitStack], Held]] = {
    "http": _http,
    "tcp": _tcp,
    "process": _process,
    "redis": _redis,
}
