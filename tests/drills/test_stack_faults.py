"""Faults of the stack's own parts, as real clients meet them: processes, a clock, Redis inside, Zep's key."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import httpx
import pytest
import redis
from awaiting import eventually
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.faults import (
    ClockShift,
    Down,
    Failover,
    Flushed,
    Full,
    KeyRejected,
    Kill,
    Loading,
    Pause,
    ReadOnly,
    Restart,
    Toxic,
)
from chaos.injectors import InjectorError
from chaos.stack import clock
from chaos.stack.keeper import Keeper
from chaos.stack.local import LocalStack
from drills import subject
from drills.history import History
from drills.inject import Faults, Injectors

KEY = "key-of-these-tests"
PROXY = "redis"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """One stack with the assistant for all of them: each heals what it broke."""
    folder = tmp_path_factory.mktemp("stack")
    with Keeper() as keeper, LocalStack(folder, keeper, api_key=KEY) as endpoints:
        assistant = subject.Assistant(keeper, endpoints, folder, 2.0, "t", KEY)
        target = assistant.start()
        injectors = Injectors(target, endpoints.injector)
        yield SimpleNamespace(
            keeper=keeper,
            target=target,
            at=endpoints,
            machine=endpoints.machine,
            injectors=injectors,
            assistant=assistant,
        )
        injectors.close()
        assistant.stop()


@pytest.fixture
def broken(stack, tmp_path):
    """Break something as a drill does; healed and read back when the context ends."""

    @contextlib.contextmanager
    def broken(fault):
        with History(tmp_path) as history:
            faults = Faults(stack.injectors, stack.keeper, history, "d", "r")
            try:
                faults.apply(fault)
                yield
            finally:
                assert faults.heal() == []

    return broken


@pytest.fixture
def server(stack):
    """Redis through its proxy, as the application reaches it."""
    retry = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(stack.at.redis_url, socket_timeout=0.3, retry=retry) as server:
        server.set("kept", "1")
        yield server
        server.flushdb()


def ask_zep(stack, method="GET", path="project", **options):
    headers = {"Authorization": f"Api-Key {KEY}"}
    url = f"{stack.at.zep_url}/api/v4/{path}"
    return httpx.request(method, url, headers=headers, timeout=0.5, trust_env=False, **options)


def chat(stack, target=None):
    return httpx.post(
        (target or stack.target).chat_url,
        json={"message": "hello", "thread_id": "t"},
        headers={"Authorization": "Bearer t"},
        timeout=5,
        trust_env=False,
    )


def workers_that_answer(stack):
    return {chat(stack).json()["trace"]["worker"] for _ in range(12)}


# processes


def test_a_paused_zep_takes_requests_and_does_not_answer_until_it_goes_on(stack, broken):
    with broken(Pause(process="zep")), pytest.raises(httpx.ReadTimeout):
        ask_zep(stack)
    assert ask_zep(stack).status_code == 200


@pytest.mark.parametrize("fault", [Kill, Restart])
def test_a_killed_zep_comes_back_at_its_address_and_remembers(stack, broken, fault):
    user = ask_zep(stack, "POST", "users", json={"user_id": f"ann-{fault.kind}"}).json()
    with broken(fault(process="zep")):
        if fault is Kill:
            assert ask_zep(stack).status_code == 502
    assert ask_zep(stack, path=f"users/{user['uuid']}").json() == user


def test_a_killed_gateway_refuses_and_comes_back_at_its_address(stack, broken):
    with broken(Kill(process="gateway")), pytest.raises(httpx.TransportError):
        ask_zep(stack)
    assert ask_zep(stack).status_code == 200
    assert stack.injectors.gateway.active() == []


def test_a_killed_worker_is_replaced_by_its_server(stack, broken):
    before = stack.machine.pids("workers")
    with broken(Kill(process="worker")):
        assert chat(stack).status_code == 200
    after = stack.machine.pids("workers")
    assert (len(after), len({*before, *after})) == (2, 3)
    eventually(lambda: workers_that_answer(stack) == {str(pid) for pid in after})


def test_all_workers_restarted_are_all_new(stack, broken):
    before = stack.machine.pids("workers")
    with broken(Restart(process="workers")):
        assert not {*before} & {*stack.machine.pids("workers")}
        assert chat(stack).status_code == 200


def test_the_application_killed_whole_comes_back_at_its_address(stack, broken):
    with broken(Kill(process="assistant")), pytest.raises(httpx.ConnectError):
        chat(stack)
    assert chat(stack).status_code == 200


def test_the_wall_clock_of_one_worker_jumps_and_jumps_back(stack, broken):
    if not clock.available():
        pytest.skip("no libfaketime here: apt-get install libfaketime")
    clocked = stack.assistant.variant("clocked")

    def hours_off():
        dates = [parsedate_to_datetime(chat(stack, clocked).headers["Date"]) for _ in range(6)]
        return {round((date - datetime.now(UTC)).total_seconds() / 3600) for date in dates}

    with broken(ClockShift(process="clocked/worker", offset_s=2 * 3600)):
        eventually(lambda: hours_off() == {0, 2}, within_s=5)
    eventually(lambda: hours_off() == {0}, within_s=5)


@pytest.mark.parametrize("process", ["prometheus", ""])
def test_a_process_that_is_not_there_is_one_line(stack, process):
    with pytest.raises(InjectorError, match=r"this stack has no process '.*': it has zep, gateway, redis"):
        stack.injectors.apply("f", Kill(process=process))


# redis: from inside


@pytest.mark.parametrize(
    ("fault", "error"), [(ReadOnly(), redis.ReadOnlyError), (Full(), redis.exceptions.OutOfMemoryError)]
)
def test_writes_are_refused_and_reads_are_not(broken, server, fault, error):
    with broken(fault):
        with pytest.raises(error):
            server.set("a", 1)
        assert server.get("kept") == b"1"
    assert server.set("a", 1)


def test_a_redis_that_loads_refuses_everything_and_has_its_data_afterwards(broken, server):
    with broken(Loading(for_s=10)), pytest.raises(redis.BusyLoadingError):
        server.get("kept")
    assert server.get("kept") == b"1"
    assert server.keys("zep-chaos*") == []


def test_a_flushed_redis_has_nothing(broken, server):
    with broken(Flushed()):
        assert server.get("kept") is None


@pytest.mark.parametrize(("fault", "kept"), [(Kill, None), (Restart, None)])
def test_a_killed_redis_comes_back_empty_at_its_address(broken, server, fault, kept):
    with broken(fault(process="redis")):
        if fault is Kill:
            with pytest.raises(redis.ConnectionError):
                server.get("kept")
    with contextlib.suppress(redis.ConnectionError):
        server.ping()  # the pool learns that its connection is gone
    assert server.get("kept") is kept


def test_a_failover_leads_to_another_server_and_back_with_the_data(broken, server):
    main = server.info("server")["run_id"]
    with broken(Failover()):
        assert server.info("server")["run_id"] != main
        assert server.info("replication")["role"] == "master"
        assert server.get("kept") == b"1"
        assert server.set("written", "there")
        spare = server.info("server")["run_id"]
    assert (server.get("kept"), server.get("written")) == (b"1", b"there")
    assert server.info("server")["run_id"] not in (main, spare)  # the old address, started anew
    assert server.info("replication")["role"] == "master"


# redis: on the way to it


def test_redis_down_slow_and_black_holed_as_redis_py_meets_them(broken, server):
    with broken(Down(proxy=PROXY)), pytest.raises(redis.ConnectionError):
        server.get("kept")
    black_hole = Toxic(proxy=PROXY, type="timeout", attributes={"timeout": 0})
    with broken(black_hole), pytest.raises(redis.TimeoutError):
        server.get("kept")
    with broken(Toxic(proxy=PROXY, type="latency", attributes={"latency": 100})):
        began = datetime.now(UTC)
        assert server.get("kept") == b"1"
        assert (datetime.now(UTC) - began).total_seconds() >= 0.1
    with broken(Toxic(proxy=PROXY, type="reset_peer")), pytest.raises(redis.ConnectionError):
        server.get("kept")


# zep's key


def test_a_rotated_key_is_refused_by_zep_itself_until_it_is_rotated_back(stack, broken):
    with broken(KeyRejected()):
        refused = ask_zep(stack)
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/json")
        entry = stack.injectors.gateway.log()[-1]
        assert (entry["status"], entry["fault"]) == (401, None)  # it went through: no gateway made it up
    assert ask_zep(stack).status_code == 200
