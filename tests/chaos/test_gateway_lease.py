"""One run at a time breaks what is behind a gateway."""

from __future__ import annotations

import httpx
import pytest
from awaiting import eventually
from prometheus_client.parser import text_string_to_metric_families

from chaos.gateway.lease import HeldError, Lease
from chaos.injectors import InjectorError
from chaos.injectors.l7 import Gateway, TakenError
from drills.exclusive import exclusive
from drills.target import Target, TargetError


def test_who_has_it_renews_it_and_nobody_else_takes_it_before_it_ends():
    lease = Lease()
    lease.take("a", 10.0, now=0.0)
    lease.take("a", 10.0, now=5.0)
    with pytest.raises(HeldError, match="a has it for up to 1 s more"):
        lease.take("b", 10.0, now=14.0)
    lease.give("b")
    lease.take("b", 10.0, now=15.0)
    lease.give("b")
    lease.take("c", 10.0, now=15.0)


@pytest.fixture
def target(gateway_to, zep):
    ready = gateway_to(f"http://{zep}")
    url = "http://127.0.0.1:1/"
    return Target(
        name="t",
        chat_url=url,
        token="t",
        marker_url=url,
        marker_value="t",
        hold_s=1.0,
        gateway_admin=f"http://{ready['admin']}",
    )


def test_two_runs_on_one_target_exclude_each_other(target, monkeypatch):
    monkeypatch.setattr("drills.exclusive.LEASE_S", 0.6)
    monkeypatch.setattr("drills.exclusive.RENEW_EVERY_S", 0.1)
    other = Gateway(target.gateway_admin)
    with exclusive(target, "run-1"):
        refused = pytest.raises(TargetError, match=r"another run drills this target .run-1 has it")
        with refused, exclusive(target, "run-2"):
            pass
        for _ in range(3):
            with pytest.raises(TakenError):
                other.take("run-2", 1.0)
    other.take("run-2", 0.3)
    eventually(lambda: _free(target), within_s=3)
    other.close()


def _free(target):
    try:
        with exclusive(target, "run-3"):
            return True
    except TargetError:
        return False


def test_a_target_without_a_gateway_needs_no_lease():
    url = "http://127.0.0.1:1/"
    bare = Target(name="t", chat_url=url, token="t", marker_url=url, marker_value="t", hold_s=1.0)
    with exclusive(bare, "run-1"):
        pass


def test_a_holder_without_a_name_is_refused(target):
    gateway = Gateway(target.gateway_admin)
    with pytest.raises(InjectorError, match="missing or unusable holder"):
        gateway.take("", 1.0)
    gateway.close()


def test_prometheus_is_told_when_drills_run(target):
    def told():
        text = httpx.get(f"{target.gateway_admin}/metrics", trust_env=False).text
        return {s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples}

    before = told()
    assert (before["zep_gateway_drilled"], before["zep_gateway_fault_hits_total"]) == (0, 0)
    with exclusive(target, "run-1"):
        assert told()["zep_gateway_drilled"] == 1
    assert told()["zep_gateway_drilled"] == 0
