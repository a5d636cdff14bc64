"""The drills' hand on the gateway: it works, or it says in one line what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from chaos.faults import Latency, Status
from chaos.gateway import VERSION
from chaos.injectors import InjectorError
from chaos.injectors.l7 import Gateway


@pytest.fixture
def ready(gateway_to, unused_port) -> dict[str, str]:
    return gateway_to(f"http://127.0.0.1:{unused_port}")


@pytest.fixture
def gateway(ready) -> Iterator[Gateway]:
    with closing(Gateway(f"http://{ready['admin']}/")) as gateway:
        yield gateway


def faults(ready: dict[str, str]) -> list[dict[str, object]]:
    return httpx.get(f"http://{ready['admin']}/faults", trust_env=False).json()


def test_a_fault_arrives_with_all_its_fields(gateway, ready):
    fault = Latency(route="GET /a", percent=25, first=3, after_s=1, for_s=9, seed=7, delay_ms=40, jitter_ms=4)
    gateway.apply("f", fault, lease_s=30)
    (shown,) = faults(ready)
    assert 29 < shown.pop("lease_s") <= 30
    assert shown == {
        "name": "f",
        "kind": "latency",
        "hits": 0,
        "route": "GET /a",
        "percent": 25,
        "first": 3,
        "after_s": 1,
        "for_s": 9,
        "seed": 7,
        "delay_ms": 40,
        "jitter_ms": 4,
    }


def test_faults_come_and_go(gateway):
    gateway.apply("a", Status())
    gateway.apply("b", Status())
    assert gateway.active() == ["a", "b"]
    gateway.heal("a")
    assert gateway.active() == ["b"]
    gateway.heal_all()
    assert gateway.active() == []


def test_healing_twice_is_fine_renewing_what_is_gone_is_not(gateway):
    gateway.apply("f", Status())
    gateway.heal("f")
    gateway.heal("f")
    with pytest.raises(InjectorError, match="no fault named 'f'"):
        gateway.renew("f")


def test_renewing_extends_the_lease(gateway, ready):
    gateway.apply("f", Status(), lease_s=1)
    gateway.renew("f", lease_s=60)
    assert faults(ready)[0]["lease_s"] > 59


def test_hits_are_counted_and_kept(gateway, ready):
    gateway.apply("f", Status(first=2))
    for _ in range(3):
        httpx.get(f"http://{ready['listen']}/", trust_env=False)
    assert gateway.hits("f") == 2
    gateway.heal("f")
    assert (gateway.hits("f"), gateway.hits("never")) == (2, 0)
    assert [entry["fault"] for entry in gateway.log()] == ["f", "f", None]
    assert [entry["n"] for entry in gateway.log(after=1)] == [2, 3]


def test_the_version(gateway):
    assert gateway.version() == VERSION


def test_a_refusal_names_the_address_and_the_reason(gateway):
    gateway.apply("f", Status())
    with pytest.raises(
        InjectorError, match=r"^the gateway at http://127\S+ refuses .* 'f' is in place already$"
    ):
        gateway.apply("f", Status())


@pytest.mark.parametrize("name", ["a b", "a/b", "a?b", "", "é"])
def test_a_name_that_a_path_cannot_carry_is_refused(gateway, name):
    with pytest.raises(InjectorError, match="unusable name"):
        gateway.apply(name, Status())


def test_a_gateway_that_is_gone_is_named(unused_port):
    with (
        closing(Gateway(f"http://127.0.0.1:{unused_port}")) as gateway,
        pytest.raises(InjectorError, match=f"the gateway at http://127.0.0.1:{unused_port} does not answer"),
    ):
        gateway.active()


@pytest.mark.parametrize("call", ["active", "version", "log", "heal_all"])
def test_another_server_is_not_taken_for_a_gateway(zep, call):
    with closing(Gateway(f"http://{zep}")) as gateway, pytest.raises(InjectorError, match=f"http://{zep}"):
        getattr(gateway, call)()


def test_another_servers_404_is_not_taken_for_a_heal(zep):
    with closing(Gateway(f"http://{zep}/_double")) as gateway, pytest.raises(InjectorError, match="refuses"):
        gateway.heal("f")


def test_a_page_that_is_not_json_is_no_gateway(gateway, ready):
    page = Status(code=200, body="<html>")
    gateway.apply("page", page)
    with closing(Gateway(f"http://{ready['listen']}")) as wrong:
        for call in (wrong.active, wrong.version, wrong.log, lambda: wrong.hits("f")):
            with pytest.raises(InjectorError, match="is not a gateway's admin API"):
                call()
