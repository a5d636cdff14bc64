"""Hands that apply faults and take them back: `l4` over Toxiproxy's API, `l7` over the gateway's."""

from __future__ import annotations


class InjectorError(Exception):
    """An injector does not answer or refuses; one line that names its address."""
