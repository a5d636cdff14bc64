"""bandwidth: data flows no faster than so many KB a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chaos.toxiproxy.flow import Flow

PORTION_MS = 100
"""A chunk that takes longer goes on in portions of this: Toxiproxy's number."""


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Pass `rate` KB (of 1000 bytes) a second; 0 lets nothing pass until the toxic is changed or removed."""

    closes_on_removal: ClassVar[bool] = False

    rate: int = 0

    async def pipe(self, flow: Flow) -> None:
        due_s = flow.now_s()
        while True:
            chunk = await flow.peek()
            if chunk.is_fin:
                flow.pass_on()
                continue
            if self.rate <= 0:
                await flow.stall()
            size = min(len(chunk.data), self.rate * PORTION_MS)
            due_s = max(due_s, flow.now_s()) + size / self.rate / 1000
            await flow.sleep_until(due_s)
            flow.pass_part(size)
