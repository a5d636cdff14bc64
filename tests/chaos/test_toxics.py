"""What each toxic does to a connection, set by toxiproxy-python and felt by raw sockets."""

from __future__ import annotations

import httpx
import pytest
from tcp import connected, is_reset, pair, read_all, seconds, silent

KB = 1000


def set_toxic(proxy, kind, stream="downstream", **attributes):
    proxy.add_toxic(type=kind, stream=stream, attributes=attributes)


def receive(connection, size):
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    return data


@pytest.mark.parametrize("stream", ["downstream", "upstream"])
def test_bandwidth_is_kept_and_all_arrives_in_order(proxy, upstream, stream):
    set_toxic(proxy, "bandwidth", stream, rate=100)
    data = bytes(range(256)) * 200  # 51.2 KB
    with pair(proxy, upstream) as (here, there):
        sender, receiver = (there, here) if stream == "downstream" else (here, there)
        sender.sendall(data)
        received = []
        took_s = seconds(lambda: received.append(receive(receiver, len(data))))
        assert received == [data]
        assert took_s == pytest.approx(0.512, abs=0.15)


def test_bandwidth_zero_lets_nothing_pass_until_it_is_removed(proxy, upstream):
    set_toxic(proxy, "bandwidth", rate=0)
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"held")
        assert silent(here)
        proxy.destroy_toxic("bandwidth_downstream")
        assert here.recv(10) == b"held"


def test_slow_close_delays_the_end_and_not_the_data(proxy, upstream):
    set_toxic(proxy, "slow_close", delay=200)
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"all of it")
        assert here.recv(20) == b"all of it"
        there.close()
        assert seconds(lambda: here.recv(1)) == pytest.approx(0.2, abs=0.1)


def test_reset_peer_is_a_real_reset_on_a_connection_that_was_open_before(embedded, proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        here.sendall(b"hello")
        assert there.recv(10) == b"hello"
        set_toxic(proxy, "reset_peer", timeout=0)
        there.sendall(b"never arrives")
        with pytest.raises(ConnectionResetError):
            here.recv(10)


def test_reset_peer_waits_for_its_time(proxy, upstream):
    set_toxic(proxy, "reset_peer", timeout=150)
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"x")
        assert seconds(lambda: is_reset(here)) == pytest.approx(0.15, abs=0.1)


def test_slicer_cuts_and_loses_nothing(proxy, upstream):
    set_toxic(proxy, "slicer", average_size=10, size_variation=5, delay=1000)
    data = bytes(range(256))
    with pair(proxy, upstream) as (here, there):
        there.sendall(data)
        pieces = [here.recv(4096)]
        while sum(map(len, pieces)) < len(data):
            pieces.append(here.recv(4096))
        assert b"".join(pieces) == data
        assert len(pieces) > 5


@pytest.mark.parametrize(("limit", "sent", "arrives"), [(10, 100, 10), (100, 100, 100), (0, 5, 0)])
def test_limit_data_passes_so_much_and_closes(proxy, upstream, limit, sent, arrives):
    set_toxic(proxy, "limit_data", bytes=limit)
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"x" * sent)
        assert read_all(here) == b"x" * arrives


def test_limit_data_counts_for_the_connection_across_changes(toxiproxy_server, proxy, upstream):
    set_toxic(proxy, "limit_data", bytes=10)
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"12345678")
        assert receive(here, 8) == b"12345678"
        change = {"attributes": {"bytes": 11}}
        url = f"http://{toxiproxy_server}/proxies/echo/toxics/limit_data_downstream"
        assert httpx.post(url, json=change, trust_env=False).status_code == 200
        there.sendall(b"abcdef")
        assert read_all(here) == b"abc"


@pytest.mark.parametrize("kind", ["bandwidth", "slow_close", "slicer", "limit_data"])
def test_toxicity_zero_is_harmless(proxy, upstream, kind):
    spared(proxy, upstream, kind)


@pytest.mark.parametrize("kind", ["reset_peer", "timeout"])
def test_toxicity_zero_is_harmless_for_what_ends_connections_too(embedded, proxy, upstream, kind):
    spared(proxy, upstream, kind)


def spared(proxy, upstream, kind):
    proxy.add_toxic(type=kind, toxicity=0.0)
    data = b"y" * 200_000
    with pair(proxy, upstream) as (here, there):
        there.sendall(data)
        there.close()
        assert read_all(here) == data


@pytest.mark.parametrize("kind", ["bandwidth", "slow_close", "slicer", "latency"])
def test_a_toxic_that_goes_lets_all_go_at_once(proxy, upstream, kind):
    slow = {"rate": 1, "delay": 60_000_000, "average_size": 1, "latency": 60_000}
    set_toxic(proxy, kind, **{name: slow[name] for name in slow if name in ATTRIBUTES[kind]})
    data = b"z" * 5_000
    with pair(proxy, upstream) as (here, there):
        there.sendall(data)
        there.close()
        proxy.destroy_toxic(f"{kind}_downstream")
        assert seconds(lambda: read_all(here)) < 1


ATTRIBUTES = {
    "bandwidth": {"rate"},
    "slow_close": {"delay"},
    "slicer": {"delay", "average_size"},
    "latency": {"latency"},
}


def test_two_toxics_work_together(proxy, upstream):
    set_toxic(proxy, "slicer", average_size=100)
    set_toxic(proxy, "limit_data", bytes=250)
    with connected(proxy) as here, upstream.accept() as there:
        there.sendall(b"x" * 1000)
        assert read_all(here) == b"x" * 250
