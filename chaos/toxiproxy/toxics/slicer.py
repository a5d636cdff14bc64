"""slicer: data comes in small pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from random import Random

    from chaos.toxiproxy.flow import Flow


@dataclass(frozen=True, slots=True)
class Slicer:
    """Pass pieces of `average_size` bytes, plus or minus `size_variation`, `delay` MICROseconds apart.

    Without a size nothing is sliced.
    """

    closes_on_removal: ClassVar[bool] = False

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    async def pipe(self, flow: Flow) -> None:
        while True:
            chunk = await flow.peek()
            size = self.piece(flow.dice)
            if chunk.is_fin or not 0 < size < len(chunk.data):
                flow.pass_on()
                continue
            flow.pass_part(size)
            await flow.sleep_until(flow.now_s() + self.delay / 1_000_000)

    def piece(self, dice: Random) -> int:
        if self.average_size <= 0:
            return 0
        spread = dice.randint(-self.size_variation, self.size_variation) if self.size_variation > 0 else 0
        return max(1, self.average_size + spread)
