"""Values that Toxiproxy takes without a word and that nobody can mean.

Our own client always asks here; the embedded server only with `--strict`, for users' clients may rely on it.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from chaos.toxiproxy import toxics
from chaos.toxiproxy.chain import Placed

if TYPE_CHECKING:
    from collections.abc import Mapping


def nonsense(toxic: Placed, attributes: Mapping[str, Any]) -> str | None:
    """Say in one line what is wrong with a toxic, and with the attributes it was given; None when sound."""
    if not 0 <= toxic.toxicity <= 1:
        return f"toxicity {toxic.toxicity:g} is not a share of connections: give 0 to 1"
    known = [field.name for field in fields(toxics.BY_TYPE[toxic.type])]
    values = asdict(toxic.toxic)
    for name in attributes:
        if name not in known:
            return f"{toxic.type} has no attribute {name!r}: it has {', '.join(known) or 'none'}"
        if values[name] < 0:
            return f"{name} {values[name]} is negative"
    if values.get("size_variation", 0) > values.get("average_size", 0):
        return "size_variation is larger than average_size"
    return None
