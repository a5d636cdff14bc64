"""The real SDK in front of a raw socket that answers like a broken Zep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from raw_zep import RawZep

from guard.directory import LocalDirectory
from guard.zep.memory import ZepMemory


@pytest.fixture
def raw_zep() -> Iterator[RawZep]:
    server = RawZep()
    yield server
    server.close()


@pytest.fixture
def memory(raw_zep) -> Iterator[ZepMemory]:
    directory = LocalDirectory()
    directory.claim("thread", "t", "0192-uuid")
    memory = ZepMemory(raw_zep.url, "a-key", directory)
    yield memory
    memory.close()
