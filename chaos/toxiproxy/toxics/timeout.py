"""timeout: nothing gets through; after a while, or when the toxic goes, the connection closes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chaos.toxiproxy.flow import Flow


@dataclass(frozen=True, slots=True)
class Timeout:
    """Drop all data and close `timeout` ms after the last of it; 0 holds until the toxic is removed.

    The sender's end of stream closes the connection too, as in Toxiproxy: nothing can follow it.
    """

    closes_on_removal: ClassVar[bool] = True

    timeout: int = 0

    async def pipe(self, flow: Flow) -> None:
        wait_s = self.timeout / 1000 if self.timeout > 0 else None
        while (chunk := await flow.next_within(wait_s)) is not None and not chunk.is_fin:
            flow.drop()
        flow.close()
