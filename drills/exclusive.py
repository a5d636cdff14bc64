"""One run at a time on one target: a lease kept in its gateway, renewed while we live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from chaos.injectors import InjectorError
from chaos.injectors.l7 import Gateway, TakenError
from drills.target import Target, TargetError

LEASE_S = 10.0
RENEW_EVERY_S = 2.0


@contextmanager
def exclusive(target: Target, holder: str) -> Iterator[None]:
    """Hold the target; raises `TargetError` when another run has it, or its gateway does not answer.

    A target without a gateway cannot be held: nobody can break its requests either.
    """
    if not target.gateway_admin:
        yield
        return
    with closing(Gateway(target.gateway_admin)) as gateway:
        _take(gateway, holder)
        over = threading.Event()
        renewer = threading.Thread(
            target=_renew, args=(gateway, holder, over), name="drill-lease", daemon=True
        )
        renewer.start()
        try:
            yield
        finally:
            over.set()
            renewer.join()
            _give(gateway, holder)


def _take(gateway: Gateway, holder: str) -> None:
    try:
        gateway.take(holder, LEASE_S)
    except TakenError as error:
        raise TargetError(f"another run drills this target ({error}): wait for it, or end it") from None
    except InjectorError as error:
        raise TargetError(str(error)) from error


def _renew(gateway: Gateway, holder: str, over: threading.Event) -> None:
    while not over.wait(RENEW_EVERY_S):
        try:
            gateway.take(holder, LEASE_S)
        except InjectorError:
            continue  # a gateway that is being broken by a drill; the drill itself says so if it stays away


def _give(gateway: Gateway, holder: str) -> None:
    try:
        gateway.give(holder)
    except InjectorError:
        return  # it lapses by itself
