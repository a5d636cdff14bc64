"""slow_close: the end of the stream comes late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chaos.toxiproxy.flow import Flow


@dataclass(frozen=True, slots=True)
class SlowClose:
    """Pass all data at once, and the sender's end of stream `delay` ms after it came."""

    closes_on_removal: ClassVar[bool] = False

    delay: int = 0

    async def pipe(self, flow: Flow) -> None:
        while True:
            chunk = await flow.peek()
            if chunk.is_fin:
                await flow.sleep_until(chunk.t_s + self.delay / 1000)
            flow.pass_on()
