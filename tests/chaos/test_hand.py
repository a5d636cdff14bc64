"""Faults by hand: `zep-chaos list`, `apply`, `heal` and `watch` as an SRE types them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from awaiting import eventually
from ports import free_port
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.faults import HTTP_FAULTS
from chaos.injectors.l7 import Gateway
from chaos.stack.redis_server import find_binary, version
from chaos.toxiproxy.toxics import BY_TYPE

KEY = {"Authorization": "Api-Key a-key"}


@pytest.fixture
def ready(gateway_to, zep) -> dict[str, str]:
    return gateway_to(f"http://{zep}")


@pytest.fixture
def admin(ready) -> str:
    return f"http://{ready['admin']}"


@pytest.fixture
def gateway(admin) -> Iterator[Gateway]:
    gateway = Gateway(admin)
    yield gateway
    gateway.close()


def ask(ready: dict[str, str]) -> int:
    return httpx.get(f"http://{ready['listen']}/api/v4/project", headers=KEY, trust_env=False).status_code


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "chaos.cli", *words]
    environ = {**os.environ, **environ}
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20, env=environ)


@contextmanager
def applying(*words: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "chaos.cli", "apply", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(argv, **pipes) as process:
        try:
            assert "in place for" in process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_the_list_has_every_fault_with_its_parameters():
    rows = {
        (row["layer"], row["fault"]): row["parameters"] for row in json.loads(run("list", "--json").stdout)
    }
    assert {name for layer, name in rows if layer == "http"} == {fault.kind for fault in HTTP_FAULTS}
    assert {name for layer, name in rows if layer == "tcp"} == {*BY_TYPE, "down"}
    assert {name for layer, name in rows if layer == "redis"} == {"readonly", "full", "loading"}
    assert rows["tcp", "latency"] == {"latency": 0, "jitter": 0}
    assert rows["process", "pause"] == {"pid": "N"}
    assert rows["http", "status"] == {"code": 503, "body": None, "retry_after_s": None}
    assert "--after-bytes" in run("list").stdout


def test_a_fault_is_held_longer_than_its_lease_hits_and_is_healed(ready, gateway, admin):
    words = ("status", "--code", "429", "--retry-after-s", "2", "--for", "6.5s", "--gateway", admin)
    with applying(*words) as process:
        assert ask(ready) == 429
        eventually(lambda: process.poll() is not None, within_s=10)
        assert process.returncode == 0
        assert "healed, and read back; it hit 1 requests" in process.stdout.read()
    assert gateway.active() == []
    assert ask(ready) == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_us_the_fault_is_gone_within_2_s(ready, gateway, admin, number):
    with applying("hang", "--for", "10m", "--gateway", admin) as process:
        assert len(gateway.active()) == 1
        process.send_signal(number)
        eventually(lambda: gateway.active() == [], within_s=2)
        assert process.wait(5) == (130 if number != signal.SIGKILL else -number)
    assert ask(ready) == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_toxic_without_a_lease_of_its_own_is_gone_too(toxiproxy_server, proxy, number):
    words = ("latency", "--proxy", "echo", "--latency", "50", "--for", "10m")
    with applying(*words, "--toxiproxy", f"http://{toxiproxy_server}") as process:
        (toxic,) = proxy.toxics().values()
        assert (toxic.type, toxic.attributes["latency"]) == ("latency", 50)
        process.send_signal(number)
        eventually(lambda: proxy.toxics() == {}, within_s=2)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_paused_process_goes_on_whatever_ends_us(sleeper, number):
    with applying("pause", "--pid", str(sleeper.pid), "--for", "10m") as process:
        assert state_of(sleeper.pid) == "T"
        process.send_signal(number)
        eventually(lambda: state_of(sleeper.pid) != "T", within_s=2)


@pytest.mark.parametrize("fault", ["readonly", "full", "loading"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_redis_takes_writes_again_whatever_ends_us(redis_server, fault, number):
    retry = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(redis_server, retry=retry) as server:
        server.set("kept", 1)
        with applying(fault, "--redis", redis_server, "--for", "10m") as process:
            with pytest.raises(redis.RedisError):
                server.set("a", 1)
            process.send_signal(number)
            eventually(lambda: takes_writes(server), within_s=2)
            process.wait(5)
        assert server.get("kept") == b"1"
        assert server.config_get("maxmemory")["maxmemory"] == "0"


def takes_writes(server: redis.Redis) -> bool:
    try:
        return bool(server.set("a", 1))
    except redis.RedisError:
        return False


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory) -> Iterator[str]:
    """A Redis that is nobody's stack."""
    port = free_port()
    argv = [find_binary(), "--port", str(port), "--dir", str(tmp_path_factory.mktemp("redis")), "--save", ""]
    argv += ["--enable-debug-command", "local"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: version("127.0.0.1", port, process.pid))
        yield f"redis://127.0.0.1:{port}/0"
        process.kill()


def test_heal_takes_back_one_or_all(gateway, admin, toxiproxy_server, proxy):
    from chaos.faults import Close, Hang

    for name, fault in (("a", Hang()), ("b", Close()), ("c", Close())):
        gateway.apply(name, fault, lease_s=60)
    proxy.add_toxic(type="latency")
    assert run("heal", "a", "--gateway", admin).stdout == "healed\n"
    assert gateway.active() == ["b", "c"]
    assert run("list", "--active", "--gateway", admin).stdout == "b\nc\n"
    done = run("heal", "--all", "--gateway", admin, "--toxiproxy", f"http://{toxiproxy_server}")
    assert (done.returncode, gateway.active(), proxy.toxics()) == (0, [], {})


def test_watch_tells_each_request_and_what_hit_it(ready, gateway, admin):
    from chaos.faults import Status

    ask(ready)
    gateway.apply("f", Status(code=503))
    ask(ready)
    lines = run("watch", "--for", "0.1s", "--gateway", admin).stdout.splitlines()
    assert re.fullmatch(r" +1  GET /api/v4/project  200", lines[0])
    assert re.fullmatch(r" +2  GET /api/v4/project  503  fault f", lines[1])


NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["apply"], "kind"),
        (["apply", "boredom", "--for", "1s"], "invalid choice: 'boredom'"),
        (["apply", "hang"], "--for"),
        (["apply", "hang", "--for", "soon"], "'soon' is no duration: give 60s, 5m or 1h"),
        (["apply", "hang", "--for", "1s", "--gateway", NOWHERE], "does not answer"),
        (["apply", "status", "--code", "99", "--for", "1s"], "code must be a final HTTP status"),
        (
            ["apply", "hang", "--for", "1s", "--gateway", "http://staging:8475"],
            "is not on loopback: give --marker",
        ),
        (["apply", "hang", "--for", "1s", "--marker-url", NOWHERE, "--marker-value", "x"], "does not answer"),
        (["apply", "pause", "--for", "1s"], "--pid"),
        (["apply", "pause", "--for", "1s", "--pid", "4194304"], "there is no process 4194304 on this host"),
        (["apply", "full", "--for", "1s", "--redis", "redis://127.0.0.1:1/0"], "Redis: cannot read"),
        (["apply", "full", "--for", "1s", "--redis", "http://127.0.0.1:1"], "no address of a Redis"),
        (
            ["apply", "full", "--for", "1s", "--redis", "redis://:s3cret@prod:6379"],
            "redis://prod:6379 is not on",
        ),
        (["heal"], "one of the arguments name --all is required"),
        (["heal", "--all", "--gateway", NOWHERE], "does not answer"),
        (["watch", "--gateway", NOWHERE], "does not answer"),
    ],
)
def test_a_mistake_is_one_clear_line_and_breaks_nothing(admin, gateway, words, complaint):
    if "--gateway" not in words:
        words = [*words, "--gateway", admin]
    done = run(*words)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr
    assert gateway.active() == []


def test_the_wrong_marker_breaks_nothing(ready, admin, gateway):
    url = f"http://{ready['listen']}/nowhere"
    words = [
        "apply",
        "hang",
        "--for",
        "1s",
        "--gateway",
        admin,
        "--marker-url",
        url,
        "--marker-value",
        "staging",
    ]
    done = run(*words)
    assert (done.returncode, "nothing was broken" in done.stderr) == (2, True)
    assert gateway.log()[-1]["fault"] is None


@pytest.mark.parametrize(
    "words",
    [["hang", "--gateway", "http://prod:8475"], ["down", "--proxy", "zep", "--toxiproxy", "http://prod:1"]],
)
def test_where_hosts_are_listed_no_other_is_broken(words):
    done = run("apply", *words, "--for", "1s", ZEP_CHAOS_ALLOW="staging,*.stage.internal")
    assert (done.returncode, done.stdout) == (2, "")
    assert "prod is not on the list of hosts that may be broken: add it to ZEP_CHAOS_ALLOW" in done.stderr
