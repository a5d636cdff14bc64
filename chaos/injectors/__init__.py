"""Hands that apply faults and take them back: `l4` over Toxiproxy's API, `l7` over the gateway's."""

from __future__ import annotations

from chaos import allowed


class InjectorError(Exception):
    """An injector does not answer or refuses; one line that names its address."""


def reachable(url: str) -> str:
    """Return `url` if its host may be broken, see `chaos.allowed`; raise `InjectorError` if not."""
    try:
        allowed.check(url)
    except allowed.NotAllowedError as error:
        raise InjectorError(str(error)) from None
    return url
