"""How Toxiproxy is started: its flags, its config file, its metrics; the strict mode is ours."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest
from awaiting import eventually
from prometheus_client.parser import text_string_to_metric_families
from tcp import connected, pair, read_all

from chaos.faults import Toxic
from chaos.injectors import InjectorError
from chaos.injectors.l4 import L4

UPSTREAM = "127.0.0.1:9"
CONFIG = [
    {"name": "a", "listen": "127.0.0.1:0", "upstream": UPSTREAM, "enabled": True},
    {"name": "off", "listen": "127.0.0.1:0", "upstream": UPSTREAM, "enabled": False},
]
NONSENSE = [
    ({"type": "latency", "toxicity": 7}, "toxicity 7 is not a share"),
    ({"type": "latency", "toxicity": -0.5}, "toxicity -0.5 is not a share"),
    ({"type": "latency", "attributes": {"latency": -5}}, "latency -5 is negative"),
    ({"type": "latency", "attributes": {"latancy": 5}}, "no attribute 'latancy': it has latency, jitter"),
    ({"type": "slicer", "attributes": {"average_size": 2, "size_variation": 3}}, "size_variation is larger"),
]


def get(address, path):
    return httpx.get(f"http://{address}{path}", trust_env=False)


def moved(address, what, proxy):
    """What /metrics says of one counter of one proxy, by direction; former proxies have series too."""
    families = text_string_to_metric_families(get(address, "/metrics").text)
    name = f"toxiproxy_proxy_{what}_bytes_total"
    samples = [s for family in families for s in family.samples if s.name == name]
    return {s.labels["direction"]: s for s in samples if s.labels["listener"] == proxy.listen}


def test_a_config_file_has_the_proxies_to_begin_with(start_toxiproxy, tmp_path):
    file = tmp_path / "toxiproxy.json"
    file.write_text(json.dumps(CONFIG))
    with start_toxiproxy("-config", str(file)) as address:
        proxies = get(address, "/proxies").json()
        assert {name: proxy["enabled"] for name, proxy in proxies.items()} == {"a": True, "off": False}


def test_metrics_are_off_unless_asked_for(start_toxiproxy):
    with start_toxiproxy() as address:
        assert get(address, "/metrics").status_code == 404


def test_the_bytes_of_each_direction_are_counted_under_toxiproxys_names(toxiproxy_server, proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        here.sendall(b"four")
        assert there.recv(9) == b"four"
        there.sendall(b"seven..")
        there.close()
        assert read_all(here) == b"seven.."
    expected = {"upstream": 4, "downstream": 7}
    for what in ("received", "sent"):
        eventually(lambda: {d: s.value for d, s in moved(toxiproxy_server, what, proxy).items()} == expected)  # noqa: B023
    labels = moved(toxiproxy_server, "sent", proxy)["upstream"].labels
    assert labels == {
        "direction": "upstream",
        "listener": proxy.listen,
        "proxy": "echo",
        "upstream": upstream.address,
    }


def test_the_counters_move_while_a_connection_is_open(embedded, toxiproxy_server, proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        here.sendall(b"four")
        assert there.recv(9) == b"four"
        assert moved(toxiproxy_server, "sent", proxy)["upstream"].value == 4


def test_what_a_toxic_holds_back_was_received_and_not_sent(embedded, toxiproxy_server, proxy, upstream):
    proxy.add_toxic(type="timeout", stream="upstream", attributes={"timeout": 0})
    with connected(proxy) as here:
        here.sendall(b"four")
        eventually(lambda: moved(toxiproxy_server, "received", proxy)["upstream"].value == 4)
        assert moved(toxiproxy_server, "sent", proxy)["upstream"].value == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("{", "Expecting property name"),
        ('{"a": 1}', "give a JSON list of proxies"),
        ('[{"name": "a"}]', "missing required field: upstream at proxy 1"),
    ],
)
def test_a_config_file_that_cannot_be_used_is_one_line(tmp_path, text, words):
    file = tmp_path / "toxiproxy.json"
    if text is not None:
        file.write_text(text)
    command = [sys.executable, "-m", "chaos.cli", "toxiproxy", "--port", "0", "--config", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(("toxic", "words"), NONSENSE)
def test_nonsense_is_refused_in_strict_mode_and_taken_as_toxiproxy_takes_it_otherwise(launch, toxic, words):
    for flags, status in ((["--strict"], 400), ([], 200)):
        address = launch("toxiproxy", "--port", "0", *flags)["listen"]
        with httpx.Client(base_url=f"http://{address}", trust_env=False) as api:
            api.post("/proxies", json={"name": "p", "listen": "127.0.0.1:0", "upstream": UPSTREAM})
            answer = api.post("/proxies/p/toxics", json=toxic)
            assert answer.status_code == status
            assert status == 200 or words in answer.json()["error"]
            assert len(api.get("/proxies/p/toxics").json()) == (status == 200)


def test_strict_mode_looks_at_changes_too(launch):
    address = launch("toxiproxy", "--port", "0", "--strict")["listen"]
    with httpx.Client(base_url=f"http://{address}", trust_env=False) as api:
        api.post("/proxies", json={"name": "p", "listen": "127.0.0.1:0", "upstream": UPSTREAM})
        api.post("/proxies/p/toxics", json={"type": "latency", "name": "slow", "attributes": {"latency": 1}})
        assert api.patch("/proxies/p/toxics/slow", json={"toxicity": 2}).status_code == 400
        assert api.get("/proxies/p/toxics/slow").json()["toxicity"] == 1


@pytest.mark.parametrize(("toxic", "words"), NONSENSE)
def test_our_own_client_sends_no_nonsense_to_either(start_toxiproxy, toxic, words):
    with start_toxiproxy() as address:
        l4 = L4(f"http://{address}")
        l4.create("p", UPSTREAM)
        with pytest.raises(InjectorError, match=words):
            l4.apply("t", Toxic(proxy="p", **toxic))
        assert l4.active() == []


def test_one_seed_makes_the_same_connections_toxic(launch):
    def pattern():
        address = launch("toxiproxy", "--port", "0", "--seed", "7")["listen"]
        l4 = L4(f"http://{address}")
        host, port = l4.create("p", address).split(":")
        l4.apply("t", Toxic(proxy="p", type="reset_peer", toxicity=0.5))
        return [_survives(f"http://{host}:{port}/version") for _ in range(30)]

    first = pattern()
    assert first == pattern()
    assert set(first) == {True, False}


def _survives(url):
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_elsewhere_than_on_loopback_it_asks_for_a_token(launch, monkeypatch):
    ready = launch("toxiproxy", "--host", "::", "--port", "0", TOXIPROXY_TOKEN="s3cret")
    address = f"[::1]:{ready['listen'].rsplit(':', 1)[1]}"
    assert get(address, "/version").status_code == 401
    with pytest.raises(InjectorError, match="bearer token"):
        L4(f"http://{address}").version()
    monkeypatch.setenv("TOXIPROXY_TOKEN", "s3cret")
    assert L4(f"http://{address}").version().startswith("2.12.0")


def test_or_it_is_told_to_be_open_as_the_real_one_is(launch):
    ready = launch("toxiproxy", "--host", "::", "--port", "0", "--open")
    assert get(f"[::1]:{ready['listen'].rsplit(':', 1)[1]}", "/version").status_code == 200
