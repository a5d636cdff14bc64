"""The operations command, by both of its doors: `zep-mode` and `manage.py zep_mode`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from guard.clock import SystemClock
from guard.errors import Kind
from guard.machine import Failed
from guard.policy import Policy
from guard.ports import Cached
from guard.stores.cache import RedisCache
from guard.stores.connection import connect
from guard.stores.redis import RedisStore

DOORS = {
    "zep-mode": [str(Path(sys.executable).parent / "zep-mode")],
    "manage.py": [sys.executable, "-m", "drills.assistant.manage", "zep_mode"],
}


AWAY = "redis://:hunter2@127.0.0.1:1/0"


class Door:
    def __init__(self, name: str, redis_url: str) -> None:
        self.prefix = f"{{{uuid.uuid4().hex}}}:"
        self.redis_url = redis_url
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),  # this tree's, wherever zep-mode is installed from
            "GUARD_REDIS_URL": redis_url,
            "GUARD_PREFIX": self.prefix,
            "FLAG_ZEP_READ": "true",
            "FLAG_ZEP_WRITE": "true",
        }
        self._argv = DOORS[name]

    def __call__(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._argv, *args], env={**self.environ, **environ}, capture_output=True, text=True, check=False
        )

    def status(self) -> dict:
        return json.loads(self("--status", "--json").stdout)


@pytest.fixture(params=DOORS)
def door(request, redis_url) -> Door:
    return Door(request.param, redis_url)


def test_status_force_and_clear(door):
    assert door.status() == {
        "base_mode": "read_write",
        "effective_mode": "read_write",
        "phase": "closed",
        "forced": None,
        "consecutive_failures": 0,
        "probe_lease": {"held": False, "remaining_s": 0},
        "write_breaker": "closed",
        "outbox": {"depth": 0, "oldest_s": 0},
        "store": {"up": True},
        "auto_downgrade": "on",
    }
    assert door("--force", "rollback", "--ttl", "600", "--mode", "off").returncode == 0
    forced = door.status()["forced"]
    assert (forced["mode"], forced["reason"], forced["epoch"]) == ("off", "rollback", 1)
    assert forced["by"].count("@") == 1
    assert 590 < forced["remaining_s"] <= 600
    assert abs(time.time() - _epoch_s(forced["forced_at"])) < 30
    assert "off, reason rollback, by " in door("--status").stdout
    assert "back to read_write" in door("--clear").stdout
    assert door.status()["phase"] == "closed"
    assert "nothing was forced" in door("--clear").stdout


def test_history_tells_who_did_what(door):
    assert "no transitions yet" in door("--history").stdout
    door("--force", "rollback", "--mode", "off")
    door("--clear")
    cleared, forced = json.loads(door("--history", "--json").stdout)
    assert (forced["from"], forced["to"], forced["reason"]) == ("base", "off", "rollback")
    assert (cleared["from"], cleared["to"], cleared["reason"]) == ("off", "base", "cleared")
    assert cleared["by"] == forced["by"]
    assert abs(time.time() - _epoch_s(forced["at"])) < 30
    assert "off -> base  cleared  by " in door("--history").stdout


def test_a_cached_context_is_forgotten(door):
    cache = RedisCache(connect(door.redis_url).patient, SystemClock(), door.prefix)
    cache.replace("t1", Cached("facts"), 30)
    assert "is gone" in door("--invalidate", "t1").stdout
    assert cache.get("t1") is None
    assert "nothing was cached" in door("--invalidate", "t1").stdout


def test_an_open_write_breaker_of_any_process_is_shown_until_it_closes(door):
    store = RedisStore(connect(door.redis_url), Policy(), SystemClock(), door.prefix)
    store.show_writes(open_s=30)
    assert door.status()["write_breaker"] == "open"
    store.show_writes(open_s=0)
    assert door.status()["write_breaker"] == "closed"
    store.close()


def test_failures_are_shown_and_forgotten(door):
    store = RedisStore(connect(door.redis_url), Policy(), SystemClock(), door.prefix)
    store.apply(Failed(Kind.TIMEOUT, 0, "t"))
    store.close()
    assert door.status()["consecutive_failures"] == 1
    assert door("--reset-failures").returncode == 0
    assert door.status()["consecutive_failures"] == 0


@pytest.mark.parametrize(
    ("args", "environ", "says"),
    [
        (["--force", "boredom"], {}, "use one of auth, consecutive_failures, manual, rollback"),
        (["--force", "manual", "--ttl", "soon"], {}, "give seconds from 1 to"),
        (["--force", "manual", "--ttl", "nan"], {}, "give seconds from 1 to"),
        (
            [],
            {},
            "use one of --status, --history, --force, --clear, --invalidate, --reset-failures, --drain, ",
        ),
        (["--status"], {"FLAG_ZEP_READ": "maybe"}, "FLAG_ZEP_READ='maybe' is not a switch"),
        (["--status"], {"GUARD_AUTO_DOWNGRADE": "maybe"}, "use one of on, shadow, off"),
        (["--status"], {"GUARD_HOLD_S": "-1"}, "GUARD_HOLD_S='-1' is not usable"),
        (["--status"], {"GUARD_REDIS_URL": "localhost"}, "give redis://host:port/db"),
        (["--status"], {"GUARD_REDIS_URL": ""}, "set GUARD_REDIS_URL"),
        (["--status"], {"GUARD_REDIS_URL": AWAY}, "Redis does not answer"),
        (["--invalidate", "t"], {"GUARD_REDIS_URL": AWAY}, "Redis does not answer"),
    ],
)
def test_a_mistake_is_one_clear_line(door, args, environ, says):
    done = door(*args, **environ)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hunter2" not in done.stderr


def _epoch_s(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
