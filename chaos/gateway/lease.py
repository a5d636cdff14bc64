"""The right to break what is behind this gateway, for one holder at a time: two runs must not mix."""

from __future__ import annotations

from dataclasses import dataclass


class HeldError(Exception):
    """Somebody else has it; the text says who, and for how long at most."""


@dataclass(slots=True)
class Lease:
    """Ends by itself unless renewed, so that a dead run blocks nobody for long."""

    holder: str = ""
    until: float = 0.0

    def take(self, holder: str, lease_s: float, now: float) -> None:
        """Take it, or renew it; raises `HeldError`."""
        if self.holder != holder and now < self.until:
            raise HeldError(f"{self.holder} has it for up to {self.until - now:.0f} s more")
        self.holder, self.until = holder, now + lease_s

    def held(self, now: float) -> bool:
        """Tell whether anybody has it."""
        return bool(self.holder) and now < self.until

    def give(self, holder: str) -> None:
        """Give it back; who does not hold it gives nothing."""
        if self.holder == holder:
            self.holder, self.until = "", 0.0
