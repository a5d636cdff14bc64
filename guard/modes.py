"""The modes of memory: may a process read from Zep, and may it write to it."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What a process may do with Zep."""

    OFF = "off"
    WRITE_ONLY = "write_only"
    READ_ONLY = "read_only"
    READ_WRITE = "read_write"

    @property
    def reads(self) -> bool:
        """Whether context may be read."""
        return self in (Mode.READ_ONLY, Mode.READ_WRITE)

    @property
    def writes(self) -> bool:
        """Whether messages may be written."""
        return self in (Mode.WRITE_ONLY, Mode.READ_WRITE)


def mode_of(*, reads: bool, writes: bool) -> Mode:
    """Return the mode that allows exactly this."""
    if reads:
        return Mode.READ_WRITE if writes else Mode.READ_ONLY
    return Mode.WRITE_ONLY if writes else Mode.OFF


def weaker(a: Mode, b: Mode) -> Mode:
    """Return what both allow: a force never enables what the base mode forbids."""
    return mode_of(reads=a.reads and b.reads, writes=a.writes and b.writes)
