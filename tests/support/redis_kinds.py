"""Real Redis in each way it can be reached, and one URL for each."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
import redis
from awaiting import eventually
from ports import free_port
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from chaos.stack.redis_server import find_binary
from guard.errors import StoreError

T = TypeVar("T")

HOST = "127.0.0.1"
SERVICE = "mymaster"
START_S = 5.0
"""A server answers after 0.1 s, a Cluster and a Sentinel with its replica after 1 s or 2."""


class DiedError(Exception):
    """A server ended by itself: its log says why."""


@dataclass
class Servers:
    """Processes of ours, by port; `url` is how the guard is told to reach them."""

    folder: Path
    url: str = ""
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *options: str, binary: str = "", listen: str = "--port", **how: object) -> redis.Redis:
        """Start a server on a free port; return a client that sets the stage once it answers."""
        port = free_port()
        home = self.folder / str(port)
        home.mkdir()
        argv = [binary or find_binary(), *options, listen, str(port), "--bind", HOST, "--dir", str(home)]
        with (home / "log").open("wb") as log:
            self.processes[port] = subprocess.Popen(argv, cwd=home, stdout=log, stderr=log)
        client = at(port, **how)
        eventually(lambda: self._answers(port, client), START_S)
        return client

    @property
    def first(self) -> int:
        return next(iter(self.processes))

    @property
    def last(self) -> int:
        return next(reversed(self.processes))

    def signal(self, number: int) -> None:
        for process in self.processes.values():
            process.send_signal(number)

    def kill(self, port: int) -> None:
        self.processes[port].kill()
        self.processes[port].wait()

    def close(self) -> None:
        for port in self.processes:
            self.processes[port].kill()
        for port in self.processes:
            self.processes[port].wait()

    def _answers(self, port: int, client: redis.Redis) -> bool:
        if self.processes[port].poll() is not None:
            raise DiedError((self.folder / str(port) / "log").read_text())
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def at(port: int, **how: object) -> redis.Redis:
    """Return a client that sets the stage; the guard has its own."""
    at_once = Retry(NoBackoff(), 0)
    return redis.Redis(host="localhost", port=port, decode_responses=True, retry=at_once, **how)


def answer(ask: Callable[[], T]) -> T:
    """Ask until it is answered: on a busy machine 4 ms may pass before Redis gets the processor."""
    answers: list[T] = []

    def asked() -> list[T]:
        with suppress(redis.RedisError, StoreError):
            answers.append(ask())
        return answers

    eventually(asked)
    return answers[0]


@contextmanager
def servers(kind: str) -> Iterator[Servers]:
    """Run Redis of this kind."""
    folder = Path(tempfile.mkdtemp(prefix="zep-guard-redis-"))
    stage = Servers(folder)
    try:
        KINDS[kind](stage)
        yield stage
    finally:
        stage.close()
        shutil.rmtree(folder)


def plain(stage: Servers) -> None:
    with stage.start(*NOT_SAVED) as client:
        stage.url = f"redis://localhost:{port_of(client)}/2"


def unix(stage: Servers) -> None:
    path = stage.folder / "socket"
    stage.start(*NOT_SAVED, "--unixsocket", str(path)).close()
    stage.url = f"unix://{path}?db=2"


def tls(stage: Servers) -> None:
    """Speaks nothing but TLS, with a certificate for "localhost" that signed itself."""
    key, certificate = str(stage.folder / "key.pem"), str(stage.folder / "certificate.pem")
    _certify(key, certificate)
    files = ("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no", "--port", "0")
    trust = {"ssl": True, "ssl_ca_certs": certificate}
    binaries = (find_binary(), shutil.which("redis-server"), shutil.which("valkey-server"))
    for binary in filter(None, binaries):
        with (
            suppress(DiedError),
            stage.start(*NOT_SAVED, *files, binary=binary, listen="--tls-port", **trust) as client,
        ):
            stage.url = f"rediss://localhost:{port_of(client)}/2?ssl_ca_certs={certificate}"
            return
    pytest.skip("no Redis here was built with TLS: apt-get install redis-server")


def sentinel(stage: Servers) -> None:
    """A master, its replica, and one Sentinel; the first that the URL names is not there."""
    with stage.start(*NOT_SAVED, "--repl-diskless-sync-delay", "0") as master:
        stage.start(*NOT_SAVED, "--replicaof", f"{HOST} {port_of(master)}").close()
        # A replica that is not online when the Sentinel first looks is found 10 s later.
        eventually(lambda: "'online'" in str(master.info("replication")), START_S)
        conf = stage.folder / "sentinel.conf"
        conf.write_text(SENTINEL_CONF.format(host=HOST, service=SERVICE, port=port_of(master)))
    with stage.start(str(conf), "--sentinel") as guide:
        eventually(lambda: "'master-link-status': 'ok'" in str(guide.sentinel_slaves(SERVICE)), START_S)
        stage.url = f"redis+sentinel://{HOST}:{free_port()},{HOST}:{port_of(guide)}/{SERVICE}/2"


def cluster(stage: Servers) -> None:
    """Two nodes; the URL names the one that serves nothing."""
    with stage.start(*_clustered()) as guide, stage.start(*_clustered()) as owner:
        owner.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        bus = owner.config_get("cluster-port")["cluster-port"]
        guide.execute_command("CLUSTER", "MEET", HOST, port_of(owner), bus)
        for node in (guide, owner):
            eventually(lambda: node.cluster("INFO")["cluster_state"] == "ok", START_S)  # noqa: B023 - now
        stage.url = f"redis+cluster://{HOST}:{port_of(guide)}"


def move_slot(running: Servers, prefix: str) -> int:
    """Give the slot, which must be empty, to the node that had none; return that one's port."""
    heir = running.first
    with at(heir) as guide, at(running.last) as owner:
        name = guide.cluster("MYID")
        for node in (guide, owner):
            node.execute_command("CLUSTER", "SETSLOT", key_slot(prefix.encode()), "NODE", name)
    return heir


def port_of(client: redis.Redis) -> int:
    return int(client.connection_pool.connection_kwargs["port"])


def _clustered() -> tuple[str, ...]:
    return (*NOT_SAVED, "--cluster-enabled", "yes", "--cluster-port", str(free_port()))


def _certify(key: str, certificate: str) -> None:
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subprocess.run([*made, *name, "-keyout", key, "-out", certificate], check=True, capture_output=True)


NOT_SAVED = ("--save", "")
SENTINEL_CONF = """
sentinel monitor {service} {host} {port} 1
sentinel down-after-milliseconds {service} 200
sentinel failover-timeout {service} 1000
"""
KINDS: dict[str, Callable[[Servers], None]] = {
    "plain": plain,
    "unix": unix,
    "tls": tls,
    "sentinel": sentinel,
    "cluster": cluster,
}
