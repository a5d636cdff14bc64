"""noop: everything passes as it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chaos.toxiproxy.flow import Flow


@dataclass(frozen=True, slots=True)
class Noop:
    """A toxic without effect, for trying out a client or keeping a place in the chain."""

    closes_on_removal: ClassVar[bool] = False

    async def pipe(self, flow: Flow) -> None:
        while True:
            await flow.peek()
            flow.pass_on()
