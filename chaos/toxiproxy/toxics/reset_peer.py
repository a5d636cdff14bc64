"""reset_peer: the connection ends with a reset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chaos.toxiproxy.flow import Flow


@dataclass(frozen=True, slots=True)
class ResetPeer:
    """Swallow the first data and reset both ends `timeout` ms after it came.

    A real RST, also on connections that were open before (Toxiproxy sends a FIN there).
    """

    closes_on_removal: ClassVar[bool] = False

    timeout: int = 0

    async def pipe(self, flow: Flow) -> None:
        chunk = await flow.peek()
        await flow.sleep_until(chunk.t_s + self.timeout / 1000)
        flow.reset()
