"""What the fleet remembers of contexts: one suite over the cache of one process and the one in Redis."""

from __future__ import annotations

import time
import uuid

import pytest
from awaiting import eventually

from guard.clock import SystemClock
from guard.ports import Cached
from guard.stores.cache import MUTE_S, RedisCache
from guard.stores.connection import connect
from guard.stores.memory import LocalCache
from guard.testing import ManualClock


@pytest.fixture(params=["local", "redis"])
def cache(request):
    if request.param == "local":
        yield LocalCache(SystemClock())
        return
    with connect(request.getfixturevalue("redis_url")).patient as client:
        yield RedisCache(client, SystemClock(), f"{{{uuid.uuid4().hex}}}:")


@pytest.mark.parametrize("entry", [Cached("facts"), Cached("-+ odd"), Cached(None), Cached(failed="timeout")])
def test_what_is_kept_comes_back(cache, entry):
    assert cache.get("t") is None
    cache.fill("t", entry, 30)
    found = cache.get("t")
    assert (found.text or None, found.failed) == (entry.text, entry.failed)
    assert cache.get("other") is None


def test_it_is_forgotten_when_its_time_is_over(cache):
    cache.fill("t", Cached("facts"), 0.02)
    eventually(lambda: cache.get("t") is None)


def test_what_a_write_brought_is_not_overwritten_by_a_read_that_began_before(cache):
    cache.replace("t", Cached("of the write"), 30)
    cache.fill("t", Cached("of the read"), 30)
    assert cache.get("t").text == "of the write"
    cache.replace("t", Cached("of the next write"), 30)
    assert cache.get("t").text == "of the next write"


def test_dropping_tells_whether_there_was_something(cache):
    cache.replace("t", Cached("facts"), 30)
    assert cache.drop("t") is True
    assert cache.get("t") is None
    assert cache.drop("t") is False


@pytest.fixture(params=["local", "redis"])
def keeping(request):
    """A cache that keeps last good contexts for a minute."""
    if request.param == "local":
        yield LocalCache(SystemClock(), stale_s=60)
        return
    with connect(request.getfixturevalue("redis_url")).patient as client:
        yield RedisCache(client, SystemClock(), f"{{{uuid.uuid4().hex}}}:", 60)


def test_the_last_good_context_outlives_what_is_served_a_failure_and_a_drop(keeping):
    keeping.replace("t", Cached("facts"), 0)
    assert keeping.get("t") is None
    keeping.fill("t", Cached(failed="timeout"), 30)
    keeping.drop("t")
    found = keeping.last_good("t")
    assert found.text == "facts"
    assert 0 <= found.age_s < 30
    assert keeping.forget("t") is True
    assert keeping.last_good("t") is None
    assert keeping.forget("t") is False


def test_no_last_good_context_is_kept_unless_asked_for(cache):
    cache.fill("t", Cached("facts"), 30)
    assert cache.last_good("t") is None


def test_a_hit_is_one_round_trip(redis_url):
    client = connect(redis_url).patient
    cache = RedisCache(client, SystemClock(), f"{{{uuid.uuid4().hex}}}:")
    cache.replace("t", Cached("facts"), 30)
    asked = [_commands(client)]
    for _ in range(10):
        cache.get("t")
    asked.append(_commands(client))
    assert asked[1] - asked[0] == 10 + 1  # and the INFO
    client.close()


def _commands(client) -> int:
    return client.info("stats")["total_commands_processed"]


def test_a_local_cache_keeps_the_threads_used_last():
    cache = LocalCache(ManualClock(), size=2)
    for thread in "abc":
        cache.fill(thread, Cached(thread), 30)
    assert [cache.get(thread) is None for thread in "abc"] == [True, False, False]


def test_a_redis_that_is_away_knows_nothing_and_is_left_alone_for_a_while(unused_port):
    clock = ManualClock()
    client = connect(f"redis://127.0.0.1:{unused_port}/0").hasty
    cache = RedisCache(client, clock)
    cache.replace("t", Cached("facts"), 30)
    assert cache.get("t") is None
    asked = []
    client.execute_command = lambda *command: asked.append(command)
    cache.get("t")
    assert asked == []
    clock.advance(MUTE_S)
    cache.get("t")
    assert len(asked) == 1


def test_a_read_waits_at_most_5_ms_for_a_redis_that_hangs(own_redis):
    import signal

    clock = SystemClock()
    cache = RedisCache(connect(own_redis.url).hasty, clock)
    eventually(lambda: cache.replace("t", Cached("facts"), 30) or cache.get("t"))
    own_redis.signal(signal.SIGSTOP)
    waits = sorted(_stalled_ms(cache) for _ in range(5))
    own_redis.signal(signal.SIGCONT)
    assert waits[2] < 6  # the median: the machine may schedule somebody else meanwhile


def _stalled_ms(cache) -> float:
    cache._muted_until = 0.0
    began = time.monotonic()
    cache.get("t")
    cache.fill("t", Cached("facts"), 30)
    return (time.monotonic() - began) * 1000
