"""The guard inside real servers: its listener lives in every worker, however the worker came to be."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from awaiting import eventually
from ports import free_port

from guard import Mode, Policy
from guard.clock import SystemClock
from guard.machine import Clear, Force
from guard.outbox import Entry, payload
from guard.stores.connection import connect
from guard.stores.outbox import RedisOutbox
from guard.stores.redis import RedisStore

HERE = Path(__file__).parent
GUNICORN = ["gunicorn", "app_wsgi:app", "--workers", "2", "--graceful-timeout", "1", "--no-control-socket"]
SERVERS = {
    "gunicorn sync": [*GUNICORN, "--worker-class", "sync"],
    "gunicorn sync --preload": [*GUNICORN, "--worker-class", "sync", "--preload"],
    "gunicorn gthread": [*GUNICORN, "--worker-class", "gthread", "--threads", "4", "--keep-alive", "0"],
    "gunicorn gthread --preload": [*GUNICORN, "--worker-class", "gthread", "--threads", "4", "--preload"],
    "gunicorn gevent --preload": [*GUNICORN, "--worker-class", "gevent", "--preload"],
    "uvicorn": ["uvicorn", "app_asgi:app", "--workers", "2", "--log-level", "warning"],
    "celery prefork": ["celery", "--app", "app_celery", "worker", "--pool", "prefork", "--concurrency", "2"],
}
NEEDS = {"gunicorn gevent --preload": "gevent", "uvicorn": "uvicorn", "celery prefork": "celery"}

Ask = Callable[[str], dict[str, Any]]


class Served:
    """Two workers behind one door; `ask` reaches one of them, now this one, now that."""

    def __init__(self, ask: Ask, redis_url: str, prefix: str) -> None:
        self.ask = ask
        self.store = RedisStore(connect(redis_url), Policy(), SystemClock(), prefix)
        self._client = connect(redis_url).patient
        self._url = redis_url
        self._prefix = prefix

    def modes(self) -> dict[int, str]:
        """What each worker says, asked until both have."""
        said: dict[int, str] = {}

        def both() -> bool:
            answer = self.ask("")
            said[answer["pid"]] = answer["mode"]
            return len(said) == 2

        eventually(both, within_s=15)
        return said

    def all_in(self, mode: Mode) -> bool:
        return set(self.modes().values()) == {str(mode)}

    def probed_by(self) -> list[int]:
        return [int(pid) for pid in self._client.lrange(f"{self._prefix}probed by", 0, -1)]

    def queue(self, thread_id: str, *texts: str) -> None:
        connections = connect(self._url)
        box = RedisOutbox(connections.patient, Policy(outbox_limit=100), self._prefix)
        said = [[{"role": "user", "content": text}] for text in texts]
        assert box.put(thread_id, [payload(Entry(thread_id, None, one, one[0]["content"])) for one in said])
        connections.close()

    def written(self) -> list[str]:
        return list(self._client.lrange(f"{self._prefix}written", 0, -1))

    def close(self) -> None:
        self.store.close()
        self._client.close()


@pytest.fixture(params=SERVERS)
def served(request, redis_url) -> Iterator[Served]:
    needed = NEEDS.get(request.param)
    if needed and not importlib.util.find_spec(needed):
        pytest.skip(f"{needed} is not installed")
    prefix = f"{{{uuid.uuid4().hex}}}:"
    environ = {
        **os.environ,
        "GUARD_REDIS_URL": redis_url,
        "GUARD_PREFIX": prefix,
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[2])]),
    }
    door = celery if needed == "celery" else web
    with door(SERVERS[request.param], environ) as ask:
        served = Served(ask, redis_url, prefix)
        yield served
        served.close()


@contextmanager
def web(argv: list[str], environ: dict[str, str]) -> Iterator[Ask]:
    port = free_port()
    where = ["--bind", f"127.0.0.1:{port}"] if argv[0] == "gunicorn" else ["--port", str(port)]
    with running([*argv, *where], environ):
        yield lambda thread_id: get(f"http://127.0.0.1:{port}/{thread_id}")


def get(url: str) -> dict[str, Any]:
    answers: list[dict[str, Any]] = []

    def answered() -> bool:
        try:
            answers.append(httpx.get(url, headers={"Connection": "close"}, trust_env=False).json())
        except httpx.TransportError:
            return False  # still starting
        return True

    eventually(answered, within_s=15)
    return answers[0]


@contextmanager
def celery(argv: list[str], environ: dict[str, str]) -> Iterator[Ask]:
    # The client is a process too: celery in this one would bring its own warnings and signal handlers.
    code = (
        "import sys, json, app_celery\n"
        "for n, line in enumerate(sys.stdin):\n"
        "    asked = [app_celery.ask.delay(line.strip()) for _ in range(2)]\n"  # at once: one for each child
        "    print(json.dumps([one.get(timeout=20) for one in asked][n % 2]), flush=True)\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        running(argv, environ),
        subprocess.Popen([sys.executable, "-c", code], env=environ, **pipes) as client,
    ):

        def ask(thread_id: str) -> dict[str, Any]:
            client.stdin.write(f"{thread_id}\n")
            client.stdin.flush()
            answer: dict[str, Any] = json.loads(client.stdout.readline())
            return answer

        try:
            yield ask
        finally:
            client.kill()


@contextmanager
def running(argv: list[str], environ: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-m", *argv],
        cwd=HERE,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as server:
        try:
            yield
        finally:
            server.terminate()
            _, said = server.communicate(timeout=20)
            assert b"Traceback" not in said, said.decode()


def test_every_worker_follows_the_fleet_and_one_of_them_probes(served):
    served.modes()
    served.store.apply(Force(Mode.WRITE_ONLY, "manual", 60, "ann@ops"))
    assert eventually(lambda: served.all_in(Mode.WRITE_ONLY), within_s=5) < 2  # asking takes time of its own
    served.store.apply(Clear("ann@ops"))
    eventually(lambda: served.all_in(Mode.READ_WRITE), within_s=5)
    served.ask("bad")
    eventually(lambda: served.store.history()[0].reason == "auth")  # the worker's reporter lives as well
    eventually(lambda: served.store.history()[0].reason == "probe_success")
    assert len(served.probed_by()) == 1  # by a worker, or by the parent that preloaded the app
    eventually(lambda: served.all_in(Mode.READ_WRITE), within_s=5)


def test_what_waits_in_the_outbox_is_replayed_by_the_workers(served):
    served.modes()
    served.queue("t", "1", "2", "3")
    eventually(lambda: served.written() == ["t 1", "t 2", "t 3"], within_s=5)
