"""Our names for Zep's UUIDs: the first to claim one wins, on every process, with and without Redis."""

from __future__ import annotations

import subprocess
import sys
import uuid
from contextlib import closing

import pytest

from guard.directory import LocalDirectory
from guard.errors import StoreError
from guard.stores.connection import Connections, connect
from guard.stores.directory import SharedDirectory


@pytest.fixture(params=["local", "shared"])
def directory(request):
    if request.param == "local":
        yield LocalDirectory()
        return
    connections = connect(request.getfixturevalue("redis_url"))
    yield SharedDirectory(connections, LocalDirectory(), f"{{{uuid.uuid4().hex}}}:")
    connections.close()


def test_the_first_claim_holds_until_it_is_forgotten(directory):
    assert directory.get("thread", "t") is None
    assert directory.claim("thread", "t", "u1") == "u1"
    assert directory.claim("thread", "t", "u2") == "u1"
    assert directory.get("thread", "t") == "u1"
    assert directory.get("user", "t") is None
    directory.forget("thread", "t")
    assert directory.get("thread", "t") is None


def test_processes_agree(redis_url):
    with closing(connect(redis_url)) as connections:
        prefix = f"{{{uuid.uuid4().hex}}}:"
        one, other = (SharedDirectory(connections, LocalDirectory(), prefix) for _ in range(2))
        one.claim("thread", "t", "u1")
        assert other.claim("thread", "t", "u2") == "u1"
        assert other.get("thread", "t") == "u1"


def test_who_is_patient_is_told_by_a_redis_that_is_too_busy_for_others(redis_url, unused_port):
    """A worker that has just started: its first hasty connection takes too long, its listener's stands."""
    with closing(connect(redis_url)) as there, closing(connect(f"redis://127.0.0.1:{unused_port}/0")) as busy:
        prefix = f"{{{uuid.uuid4().hex}}}:"
        SharedDirectory(there, LocalDirectory(), prefix).claim("thread", "t", "u1")
        started = SharedDirectory(Connections(busy.hasty, there.patient), LocalDirectory(), prefix)
        with pytest.raises(StoreError):
            started.get("thread", "t")
        assert started.get("thread", "t", patient=True) == "u1"


def test_without_redis_each_process_remembers_for_itself(unused_port):
    with closing(connect(f"redis://127.0.0.1:{unused_port}/0")) as connections:
        directory = SharedDirectory(connections, LocalDirectory())
        assert directory.claim("thread", "t", "u1") == "u1"
        assert directory.get("thread", "t") == "u1"
        with pytest.raises(StoreError):
            directory.get("thread", "other")  # unknown is not the same as not known to anybody
        directory.forget("thread", "t")


def test_the_least_recently_used_entry_goes_first():
    directory = LocalDirectory(size=2)
    for name in ("a", "b"):
        directory.claim("thread", name, f"u-{name}")
    directory.get("thread", "a")
    directory.claim("thread", "c", "u-c")
    assert [directory.get("thread", name) for name in "abc"] == ["u-a", None, "u-c"]


@pytest.mark.parametrize("heavy", ["redis", "httpx", "zep_cloud", "django"])
def test_importing_the_guard_imports_nothing_heavy(heavy):
    code = f"import sys, guard; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
