"""Fixtures of all tests."""

from __future__ import annotations

import signal

import pytest
from ports import free_port

if (
    signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
):  # under nohup, and inherited: a test that sends one means it
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def unused_port() -> int:
    return free_port()
