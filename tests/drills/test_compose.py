"""The stack of docker-compose.yml: read by what is here, and wired as it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from chaos.hand.speeding import main as drill_speed
from drills import cli
from drills.catalog import drills
from drills.rehearsal import COMPOSE_SECRET, unfit
from drills.target import Target

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def networks(service):
    return set(SERVICES[service]["networks"])


def test_the_assistant_reaches_zep_and_redis_through_toxiproxy_or_not_at_all():
    for hidden in ("zep", "zep-oss", "postgres", "gateway", "redis"):
        assert not networks("assistant") & networks(hidden)
        assert networks("toxiproxy") & networks(hidden)
    assert networks("assistant") & networks("toxiproxy")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_bounded_pinned_and_published_on_loopback_only(service):
    described = SERVICES[service]
    assert {"mem_limit", "cpus", "restart"} <= described.keys()
    assert ":" in described["image"]
    assert not described["image"].endswith(":latest")
    assert all(port.startswith("127.0.0.1:") for port in described.get("ports", []))


@pytest.mark.parametrize("service", [name for name, s in SERVICES.items() if "build" in s])
def test_our_own_image_runs_with_nothing_that_it_does_not_need(service):
    described = SERVICES[service]
    assert described["read_only"]
    assert described["cap_drop"] == ["ALL"]
    assert "USER drill" in (ROOT / "Dockerfile").read_text()


def test_the_target_file_that_comes_along_describes_this_stack():
    target = Target.load(ROOT / "drills" / "compose.toml", {"ASSISTANT_TOKEN": COMPOSE_SECRET})
    published = {port.split(":")[1] for s in SERVICES.values() for port in s.get("ports", [])}
    for url in (target.chat_url, target.gateway_admin, target.toxiproxy_url, target.stored_url):
        assert url.split(":")[2].split("/")[0] in published
    assert len(target.metrics_urls) == SERVICES["assistant"]["scale"]
    assert SERVICES["assistant"]["environment"]["GUARD_HOLD_S"] == f"${{GUARD_HOLD_S:-{target.hold_s:g}}}"


@pytest.mark.parametrize("mount", sorted({m for s in SERVICES.values() for m in s.get("volumes", [])}))
def test_what_is_mounted_is_in_the_repository_and_read_only(mount):
    source, _, mode = mount.split(":")
    assert (ROOT / source).exists()
    assert mode == "ro"


def test_its_alerts_are_productions_at_the_speed_of_drills(tmp_path):
    """A key that is committed wakes nobody: the pager of this stack takes any of 32 characters."""
    dashboards = ROOT / "reports" / "dashboards"
    files = [str(dashboards / name) for name in ("rules.yml", "alertmanager.yml")]
    where = ["--pager", "http://pager:8476/v2/enqueue", "--key-file", "/etc/alertmanager/pager.key"]
    assert drill_speed([*files, *where, "--out", str(tmp_path)]) == 0
    for made in tmp_path.iterdir():
        kept = ROOT / "chaos" / "stack" / "compose" / made.name
        assert kept.read_text() == made.read_text(), f"zep-chaos drill-speed ... --out {kept.parent}"


def test_few_drills_cannot_be_played_there_and_say_why():
    left = {name for name, drill in drills().items() if unfit("compose", drill)}
    assert left == {"redis_failover", "clock_shift"}
    assert not [name for name, drill in drills().items() if unfit("remote", drill)]


@pytest.mark.parametrize("verb", ["up", "down"])
def test_without_an_engine_it_is_one_line(verb, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main([verb]) == 4
    told = capsys.readouterr().err
    assert "install Docker Compose" in told
    assert told.count("\n") == 1
