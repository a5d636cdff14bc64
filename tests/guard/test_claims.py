"""Names of writes: taken once by whoever comes first, of all processes; without Redis every name is free."""

from __future__ import annotations

import uuid

import pytest
from awaiting import eventually

from guard.directory import LocalClaims
from guard.stores.claims import SharedClaims
from guard.stores.connection import connect


@pytest.fixture(params=["local", "shared"])
def claims(request):
    if request.param == "local":
        yield LocalClaims()
        return
    with connect(request.getfixturevalue("redis_url")).patient as client:
        yield SharedClaims(client, f"{{{uuid.uuid4().hex}}}:")


def test_a_name_is_taken_once_until_it_is_released(claims):
    assert [claims.claim("m1", 30), claims.claim("m1", 30), claims.claim("m2", 30)] == [True, False, True]
    claims.release("m1")
    assert claims.claim("m1", 30)
    claims.release("never taken")


def test_processes_share_the_names_for_as_long_as_asked(redis_url):
    prefix = f"{{{uuid.uuid4().hex}}}:"
    with connect(redis_url).patient as client:
        one, other = SharedClaims(client, prefix), SharedClaims(client, prefix)
        assert one.claim("m1", 0.05)
        assert not other.claim("m1", 0.05)
        eventually(lambda: other.claim("m1", 30))


def test_without_redis_every_name_is_free(unused_port):
    with connect(f"redis://127.0.0.1:{unused_port}/0").hasty as client:
        claims = SharedClaims(client)
        assert claims.claim("m1", 30)
        assert claims.claim("m1", 30)
        claims.release("m1")


def test_a_process_remembers_the_latest_names():
    claims = LocalClaims(size=2)
    assert all(claims.claim(name, 30) for name in "abc")
    assert [claims.claim(name, 30) for name in "cba"] == [False, False, True]
