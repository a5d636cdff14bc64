"""limit_data: the connection closes after so many bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chaos.toxiproxy.flow import Flow


@dataclass(frozen=True, slots=True)
class LimitData:
    """Pass `bytes` bytes in all, counted for the connection across changes of the toxic, then close it."""

    closes_on_removal: ClassVar[bool] = False

    bytes: int = 0

    async def pipe(self, flow: Flow) -> None:
        while True:
            chunk = await flow.peek()
            if chunk.is_fin:
                flow.pass_on()
                continue
            left = max(0, self.bytes - flow.passed_bytes)
            flow.pass_part(min(left, len(chunk.data)))
            if len(chunk.data) >= left:
                flow.close()
                return
