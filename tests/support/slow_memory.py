"""A scripted Zep that takes as long as told, by the clock of a world: nobody waits."""

from __future__ import annotations

from guard import Kind
from guard.errors import MemoryFailure
from guard.ports import Reading
from guard.testing import ManualClock, ScriptedMemory


class SlowMemory(ScriptedMemory):
    """Takes `took_s` for a read; what it cannot do within the deadline times out."""

    clock: ManualClock | None = None
    took_s = 0.01

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        if self.clock:
            self.clock.sleep(min(self.took_s, timeout_ms / 1000))
        if self.took_s > timeout_ms / 1000:
            raise MemoryFailure(Kind.TIMEOUT)
        return super().read(thread_id, timeout_ms=timeout_ms)
