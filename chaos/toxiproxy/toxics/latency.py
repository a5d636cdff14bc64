"""latency: every chunk arrives later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from random import Random

    from chaos.toxiproxy.flow import Flow


@dataclass(frozen=True, slots=True)
class Latency:
    """Delay each chunk by `latency` ms, plus or minus up to `jitter` ms, counted from its arrival."""

    closes_on_removal: ClassVar[bool] = False

    latency: int = 0
    jitter: int = 0

    async def pipe(self, flow: Flow) -> None:
        while True:
            chunk = await flow.peek()
            await flow.sleep_until(chunk.t_s + self.delay_s(flow.dice))
            flow.pass_on()

    def delay_s(self, dice: Random) -> float:
        spread_ms = dice.uniform(-self.jitter, self.jitter) if self.jitter else 0.0
        return max(0.0, self.latency + spread_ms) / 1000
