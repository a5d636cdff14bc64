"""Redis is reached in each way that it is run, quickly or not at all, and found again when it moves."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import redis
from awaiting import eventually
from redis_kinds import HOST, KINDS, SERVICE, Servers, answer, at, move_slot, servers

from guard.clock import SystemClock
from guard.errors import Kind, SettingsError
from guard.machine import Clear, Failed, Force, Lease, Verb
from guard.modes import Mode
from guard.policy import Policy
from guard.stores.connection import Connections, connect
from guard.stores.redis import RedisStore
from guard.watch import Hooks, Watch


class Fleet:
    """Processes of one guard, each with connections of its own."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url = url
        self.prefix = f"{{{uuid.uuid4().hex}}}:"
        self._stack = stack

    def connections(self) -> Connections:
        connections = connect(self.url, self.prefix)
        self._stack.callback(connections.close)
        return connections

    def store(self) -> RedisStore:
        return RedisStore(self.connections(), Policy(), SystemClock(), self.prefix)

    def watch(self) -> Watch:
        hooks = Hooks(changed=lambda *_: None, lapsed=lambda: None, tick=lambda: None)
        watch = Watch(self.store(), Policy(), SystemClock(), hooks)
        self._stack.callback(watch.close)
        watch.start()
        eventually(lambda: watch.up)
        return watch


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module", params=KINDS)
def running(request: pytest.FixtureRequest) -> Iterator[Servers]:
    with servers(request.param) as running:
        yield running


@pytest.fixture
def fleet(running, stack) -> Fleet:
    return Fleet(running.url, stack)


def start(kind: str, stack: ExitStack) -> tuple[Servers, Fleet]:
    """Start servers that the test may break."""
    running = stack.enter_context(servers(kind))
    return running, Fleet(running.url, stack)


def test_a_trip_in_one_process_is_heard_in_the_other(fleet):
    one, other = fleet.store(), fleet.store()
    assert one.read().mode is None
    with other.listen() as feed:
        answer(lambda: one.apply(Failed(Kind.AUTH, 0, "t")))
        heard = []
        eventually(lambda: heard.append(feed.next(0.1)) or heard[-1])
    assert (heard[-1].mode, heard[-1].reason, heard[-1].epoch) == (Mode.WRITE_ONLY, "auth", 1)


def test_a_subscription_beats_while_nothing_happens(fleet):
    with fleet.store().listen() as feed:
        began = time.monotonic()
        while time.monotonic() - began < 0.8:  # three heartbeats: the third would raise after two misses
            assert feed.next(0.1) is None


def test_one_process_gets_the_lease(fleet):
    one, other = fleet.store(), fleet.store()
    one.apply(Force(Mode.WRITE_ONLY, "manual", 0.001, "ann@ops"))
    verbs = []
    eventually(lambda: verbs.append(one.apply(Lease("one"))[1]) or verbs[-1] is Verb.LEASED)
    assert other.apply(Lease("other"))[1] is Verb.NOTHING


def test_each_process_sees_the_history(fleet):
    one, other = fleet.store(), fleet.store()
    one.apply(Force(Mode.OFF, "manual", 60, "ann@ops"))
    other.apply(Clear("bob@ops"))
    assert [(turn.after, turn.by) for turn in one.history()] == [(None, "bob@ops"), (Mode.OFF, "ann@ops")]


def test_the_hasty_and_the_patient_share_one_redis(fleet):
    connections = fleet.connections()
    connections.patient.set(f"{fleet.prefix}note", "seen")
    assert answer(lambda: connections.hasty.get(f"{fleet.prefix}note")) == "seen"


def test_a_forked_child_uses_sockets_of_its_own(fleet):
    patient = fleet.connections().patient
    ours = patient.client_id()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, str(patient.client_id()).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        theirs = int(pipe.read())
    os.waitpid(child, 0)
    assert ours != theirs
    assert patient.client_id() == ours


def test_a_redis_that_is_away_at_first_is_found_at_a_later_use(running, fleet):
    running.signal(signal.SIGSTOP)
    try:
        connections = fleet.connections()
        for client in (connections.patient, connections.hasty):
            with pytest.raises(redis.RedisError):
                client.ping()
    finally:
        running.signal(signal.SIGCONT)
    assert answer(connections.patient.ping)
    assert answer(connections.hasty.ping)


@pytest.mark.parametrize("scheme", ["redis://{}", "redis+sentinel://{}/svc", "redis+cluster://{}"])
def test_a_refused_port_fails_at_use_and_at_once(scheme, unused_port, stack):
    connections = Fleet(scheme.format(f"{HOST}:{unused_port}"), stack).connections()
    for client in (connections.hasty, connections.patient):
        assert statistics.median(failing_s(client) for _ in range(10)) < 0.004


def failing_s(client: redis.Redis) -> float:
    began = time.monotonic()
    with pytest.raises(redis.RedisError):
        client.ping()
    return time.monotonic() - began


def test_a_redis_that_hangs_costs_a_hasty_caller_4_ms(stack):
    running, fleet = start("plain", stack)
    connections = fleet.connections()
    assert connections.patient.ping()
    running.signal(signal.SIGSTOP)
    assert statistics.median(failing_s(connections.hasty) for _ in range(10)) < 0.006
    assert 0.09 < failing_s(connections.patient) < 0.2


def test_a_new_connection_sends_no_more_than_it_must(stack):
    running, fleet = start("plain", stack)
    with at(running.first) as stage:
        assert stage.ping()  # its own greeting is not to be counted
        stage.config_resetstat()
    fleet.url += "?protocol=3&health_check_interval=1&retry_on_timeout=yes&socket_timeout=9"
    connections = fleet.connections()
    assert connections.patient.ping()
    counted = connections.patient.info("commandstats")
    assert counted.keys() == {"cmdstat_config|resetstat", "cmdstat_select", "cmdstat_ping"}
    assert counted["cmdstat_ping"]["calls"] == 1
    assert answer(connections.hasty.ping)
    assert connections.patient.info("commandstats").keys() - counted.keys() == {"cmdstat_info"}


def test_the_hasty_look_no_name_up(monkeypatch, stack):
    _, fleet = start("plain", stack)
    connections = fleet.connections()
    assert connections.patient.ping()
    names, look_up = [], redis.connection.socket.getaddrinfo
    # Observed, not replaced: a resolver that hangs cannot be had without changing this machine.
    monkeypatch.setattr("socket.getaddrinfo", lambda name, *rest: names.append(name) or look_up(name, *rest))
    assert answer(connections.hasty.ping)
    assert urlsplit(fleet.url).hostname == "localhost"
    assert set(names) <= {"127.0.0.1", "::1"}


def test_tls_checks_the_name_in_the_certificate_unless_told_not_to(stack):
    _, fleet = start("tls", stack)
    fleet.url = fleet.url.replace("localhost", HOST)
    with pytest.raises(redis.ConnectionError, match="not valid for"):
        fleet.connections().patient.ping()
    fleet.url += "&ssl_cert_reqs=none"
    assert fleet.connections().patient.ping()


def test_certificates_are_read_once_and_not_while_a_caller_waits(stack):
    running, fleet = start("tls", stack)
    connections = fleet.connections()
    (running.folder / "certificate.pem").unlink()
    assert connections.patient.ping()
    assert answer(connections.hasty.ping)


def test_a_failover_is_followed_without_reopening_a_hold(stack):
    running, fleet = start("sentinel", stack)
    watch, other = fleet.watch(), fleet.connections()
    watch.apply(Force(Mode.WRITE_ONLY, "manual", 60, "ann@ops"))
    master = other.patient.info("server")["tcp_port"]
    assert answer(other.hasty.ping)
    eventually(lambda: other.patient.wait(1, 50))  # the replica has it
    running.kill(master)
    seen = {watch.state.mode}
    eventually(lambda: seen.add(watch.state.mode) or not watch.up)
    with at(running.last) as guide:
        guide.execute_command("SENTINEL", "FAILOVER", SERVICE)
    eventually(lambda: seen.add(watch.state.mode) or watch.up, within_s=3)
    assert seen == {Mode.WRITE_ONLY}
    assert answer(other.patient.ping)
    assert other.patient.info("server")["tcp_port"] != master
    assert answer(other.hasty.ping)
    assert fleet.store().read().mode is Mode.WRITE_ONLY


def test_a_master_that_became_a_replica_is_left(stack, unused_port):
    running, fleet = start("plain", stack)
    patient = fleet.connections().patient
    before = patient.client_id()
    with at(running.first) as stage:
        stage.replicaof(HOST, unused_port)
    with pytest.raises(redis.ConnectionError):
        patient.set("note", "refused")
    assert patient.client_id() != before


def test_closing_leaves_no_socket_open(stack):
    running, fleet = start("plain", stack)
    connections = fleet.connections()
    assert answer(connections.patient.ping)
    assert answer(connections.hasty.ping)
    connections.close()
    with at(running.first) as stage:
        eventually(lambda: len(stage.client_list()) == 1)


def test_a_slot_that_moves_is_followed_without_reopening_a_hold(stack):
    running, fleet = start("cluster", stack)
    watch, alone = fleet.watch(), fleet.connections()
    note = f"{fleet.prefix}note"
    assert alone.patient.get(note) is None
    assert answer(lambda: alone.hasty.get(note)) is None
    heir = move_slot(running, fleet.prefix)
    watch.apply(Force(Mode.WRITE_ONLY, "manual", 60, "ann@ops"))
    assert watch.state.mode is Mode.WRITE_ONLY
    newcomer = fleet.store()
    eventually(lambda: newcomer.read().mode is Mode.WRITE_ONLY)
    assert answer(lambda: alone.patient.set(note, "moved"))  # the first try says MOVED
    assert answer(lambda: alone.hasty.info("server"))["tcp_port"] == heir  # its idle socket was left


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:6379",
        "http://:secret@h:1",
        "redis://:secret@h:port",
        "redis://:secret@h/zero",
        "redis://:secret@h1,h2/0",
        "redis://:secret@h/0?no_such_option=1",
        "rediss://:secret@h/0?ssl_cert_reqs=perhaps",
        "rediss://:secret@h/0?ssl_ca_certs=/no/such/file",
        "unix://",
        "unix+sentinel:///path",
        "redis+sentinel://:secret@h:1",
        "redis+sentinel://:secret@h:1/svc/0/more",
        "redis+sentinel://:secret@h1,,h2/svc",
        "redis+cluster://:secret@h:1/3",
        "redis+raft://:secret@h:1",
    ],
)
def test_an_unusable_url_is_one_line_that_tells_the_forms_but_not_the_url(url):
    with pytest.raises(SettingsError) as raised:
        connect(url)
    told = str(raised.value)
    assert "\n" not in told
    assert "redis+sentinel://" in told
    assert "redis+cluster://" in told
    assert "secret" not in told


SHARED_UNDER_GEVENT = """
import sys
from _thread import start_new_thread  # a native one, as the prober's: bound before gevent comes
from guard.stores.connection import connect
client = connect(sys.argv[1]).patient
import gevent.monkey
gevent.monkey.patch_all()
from gevent import sleep, spawn

def ask(answers):
    try:
        answers += [client.ping() for _ in range(3)]
    except BaseException as error:
        answers.append(repr(error))

for begin in (lambda answers: spawn(ask, answers), lambda answers: start_new_thread(ask, (answers,))) * 2:
    answers = []
    begin(answers)
    while not answers or (len(answers) < 3 and answers[-1] is True):
        sleep(0.01)
    assert answers == [True] * 3, answers
"""


def test_greenlets_and_a_native_thread_take_turns_on_one_pool(redis_url):
    """gunicorn --preload under gevent: the guard is made before gevent comes, its prober stays native."""
    argv = [sys.executable, "-W", "ignore", "-c", SHARED_UNDER_GEVENT, redis_url]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
