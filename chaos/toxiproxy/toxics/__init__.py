"""One file a toxic: frozen data (Toxiproxy's attribute names and units) and one verb, `pipe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from chaos.toxiproxy.toxics.bandwidth import Bandwidth
from chaos.toxiproxy.toxics.latency import Latency
from chaos.toxiproxy.toxics.limit_data import LimitData
from chaos.toxiproxy.toxics.noop import Noop
from chaos.toxiproxy.toxics.reset_peer import ResetPeer
from chaos.toxiproxy.toxics.slicer import Slicer
from chaos.toxiproxy.toxics.slow_close import SlowClose
from chaos.toxiproxy.toxics.timeout import Timeout

if TYPE_CHECKING:
    from dataclasses import Field

    from chaos.toxiproxy.flow import Flow


class Toxic(Protocol):
    """A frozen dataclass whose fields are the toxic's attributes (whole numbers, units as documented).

    `pipe` moves chunks from the flow's inbox onwards; it may be cancelled at any await, and what it has
    not passed on by then is passed on untouched.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    closes_on_removal: ClassVar[bool]

    async def pipe(self, flow: Flow) -> None: ...


BY_TYPE: dict[str, type[Toxic]] = {
    "bandwidth": Bandwidth,
    "latency": Latency,
    "limit_data": LimitData,
    "noop": Noop,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "slow_close": SlowClose,
    "timeout": Timeout,
}
