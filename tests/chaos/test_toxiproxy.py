"""The embedded Toxiproxy as its users see it: toxiproxy-python on one side, raw sockets on the other."""

from __future__ import annotations

import asyncio
import contextlib
import random
import select
import socket
import struct
import threading
import time

import pytest
import uvloop
from tcp import WAIT_S, connected, is_reset, pair, read_all, seconds, silent

from chaos.toxiproxy.chain import STREAMS, placed
from chaos.toxiproxy.metrics import Meter
from chaos.toxiproxy.relay import Connection

# the relay


def test_bytes_pass_both_ways(proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        here.sendall(b"ping")
        assert there.recv(10) == b"ping"
        there.sendall(b"pong")
        assert here.recv(10) == b"pong"


def test_bytes_sent_before_the_upstream_accepts_are_kept(proxy, upstream):
    with connected(proxy) as here:
        here.sendall(b"early")
        with upstream.accept() as there:
            assert there.recv(10) == b"early"


def test_a_fin_ends_one_direction_only(embedded, proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        here.sendall(b"question")
        here.shutdown(socket.SHUT_WR)
        assert read_all(there) == b"question"
        there.sendall(b"answer")
        there.shutdown(socket.SHUT_WR)
        assert read_all(here) == b"answer"


def test_a_fin_travels_behind_delayed_data(proxy, upstream):
    proxy.add_toxic(type="latency", attributes={"latency": 100})
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"late")
        there.close()
        assert read_all(here) == b"late"


def test_a_reset_arrives_as_a_reset(embedded, proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        there.close()
        assert is_reset(here)


def test_large_transfers_arrive_whole_both_ways_at_once(embedded, proxy, upstream):
    blob = bytes(range(256)) * 40_000
    with pair(proxy, upstream) as (here, there):
        senders = [
            threading.Thread(target=lambda s=s: (s.sendall(blob), s.shutdown(socket.SHUT_WR)))
            for s in (here, there)
        ]
        received = {}
        readers = [
            threading.Thread(target=lambda s=s: received.update({s.fileno(): read_all(s)}))
            for s in (here, there)
        ]
        for thread in senders + readers:
            thread.start()
        for thread in senders + readers:
            thread.join(WAIT_S)
        assert [data == blob for data in received.values()] == [True, True]


def test_a_reader_that_stops_holds_the_sender_back(proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        there.setblocking(False)
        sent = flood(there)
        assert sent < 64 * 1024 * 1024
        there.settimeout(WAIT_S)
        there.shutdown(socket.SHUT_WR)
        assert len(read_all(here)) == sent


def flood(connection, limit=64 * 1024 * 1024):
    """Send until nobody takes any more for 0.2 s."""
    sent, chunk = 0, b"x" * 65536
    while sent < limit and select.select([], [connection], [], 0.2)[1]:
        with contextlib.suppress(BlockingIOError):
            sent += connection.send(chunk)
    return sent


def test_an_unreachable_upstream_closes_the_client(client):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"127.0.0.1:{gone.getsockname()[1]}"
    with connected(client.create(upstream=address, name="nowhere")) as here:
        assert here.recv(1) == b""


def test_a_client_lost_in_the_moment_its_upstream_answers_leaves_no_socket(upstream):
    """Its end is still on the way; a dial cancelled now would have its socket closed without a word."""

    async def scenario():
        over = asyncio.Event()
        meters = {stream: Meter() for stream in STREAMS}
        dice = random.Random()  # noqa: S311 - toxicity is no secret
        connection = Connection(upstream.address, dice, lambda _: over.set(), meters)
        connection.upstream.add(placed({"type": "latency", "attributes": {"latency": 20}}))
        answered = connection.server.connection_made

        def lose_the_client(transport):
            answered(transport)
            connection.client.connection_lost(ConnectionResetError())

        connection.server.connection_made = lose_the_client
        connection.dial()
        await asyncio.wait_for(over.wait(), WAIT_S)

    uvloop.run(scenario())
    with upstream.accept() as there:
        assert is_reset(there)


# enabled


def test_disabling_drops_connections_and_refuses_new_ones_and_enabling_keeps_the_port(
    client, proxy, upstream
):
    with pair(proxy, upstream) as (here, there):
        proxy.disable()
        assert here.recv(1) == b""
        assert there.recv(1) == b""
    with pytest.raises(ConnectionRefusedError), connected(proxy):
        pass
    listen = proxy.listen
    proxy.enable()
    assert client.get_proxy("echo").listen == listen
    with pair(proxy, upstream) as (here, there):
        here.sendall(b"back")
        assert there.recv(10) == b"back"


def test_a_client_populates_and_asks_for_the_version(client):
    body = {"name": "p", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}
    assert [proxy.name for proxy in client.populate([body])] == ["p"]
    assert client.get_proxy("p").enabled
    assert client.version()


def test_destroying_a_proxy_drops_its_connections(proxy, upstream):
    with pair(proxy, upstream) as (here, _):
        proxy.destroy()
        assert here.recv(1) == b""


def test_reset_enables_and_removes_toxics(client, proxy, upstream):
    proxy.add_toxic(type="timeout", attributes={"timeout": 0})
    proxy.disable()
    client.reset()
    assert client.get_proxy("echo").enabled
    assert client.get_proxy("echo").toxics() == {}
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"again")
        assert here.recv(10) == b"again"


# toxics


def test_latency_delays_one_direction(proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        proxy.add_toxic(type="latency", attributes={"latency": 150})
        there.sendall(b"slow")
        assert 0.14 < seconds(lambda: here.recv(10)) < 1.0
        here.sendall(b"fast")
        assert seconds(lambda: there.recv(10)) < 0.14


def test_latency_upstream(proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        proxy.add_toxic(type="latency", stream="upstream", attributes={"latency": 150})
        here.sendall(b"slow")
        assert 0.14 < seconds(lambda: there.recv(10)) < 1.0


def test_latency_does_not_add_up_over_a_burst(proxy, upstream):
    proxy.add_toxic(type="latency", attributes={"latency": 200})
    with pair(proxy, upstream) as (here, there):
        begun = time.monotonic()
        for number in range(5):
            there.sendall(bytes([number]))
            time.sleep(0.02)  # apart, so that they are chunks of their own
        there.close()
        assert read_all(here) == bytes(range(5))
        assert time.monotonic() - begun < 0.8


def test_two_latencies_add_up(proxy, upstream):
    proxy.add_toxic(type="latency", name="one", attributes={"latency": 100})
    proxy.add_toxic(type="latency", name="two", attributes={"latency": 100})
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"x")
        assert seconds(lambda: here.recv(1)) > 0.19


def test_removing_a_latency_releases_what_it_held_in_order(proxy, upstream):
    proxy.add_toxic(type="latency", name="slow", attributes={"latency": 60_000})
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"one ")
        assert silent(here)
        there.sendall(b"two ")
        assert silent(here)
        proxy.destroy_toxic("slow")
        there.sendall(b"three")
        there.close()
        assert read_all(here) == b"one two three"


def test_removing_a_latency_never_waits_for_a_client_that_does_not_read(embedded, client, proxy, upstream):
    proxy.add_toxic(type="latency", name="slow", attributes={"latency": 60_000})
    with pair(proxy, upstream) as (here, there):
        there.setblocking(False)
        sent = flood(there)
        assert seconds(lambda: proxy.destroy_toxic("slow")) < 1.0
        assert seconds(client.reset) < 1.0
        there.settimeout(WAIT_S)
        there.shutdown(socket.SHUT_WR)
        assert len(read_all(here)) == sent


def test_timeout_holds_until_removed_then_closes(proxy, upstream):
    with pair(proxy, upstream) as (here, there):
        proxy.add_toxic(type="timeout", name="hold", attributes={"timeout": 0})
        there.sendall(b"lost")
        assert silent(here, 0.2)
        here.sendall(b"the other direction works")
        assert there.recv(30)
        proxy.destroy_toxic("hold")
        assert here.recv(10) == b""


def test_timeout_closes_after_its_time(proxy, upstream):
    proxy.add_toxic(type="timeout", attributes={"timeout": 150})
    with pair(proxy, upstream) as (here, _):
        assert 0.14 < seconds(lambda: here.recv(1)) < 1.0


def test_a_new_connection_after_a_timeout_toxic_is_fine(proxy, upstream):
    proxy.add_toxic(type="timeout", name="hold", attributes={"timeout": 0})
    with pair(proxy, upstream):
        proxy.destroy_toxic("hold")
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"fine")
        assert here.recv(10) == b"fine"


@pytest.mark.parametrize("kind", ["latency", "timeout"])
def test_toxicity_zero_spares_every_connection(embedded, proxy, upstream, kind):
    proxy.add_toxic(type=kind, name="spared", toxicity=0.0, attributes={"latency": 60_000, "timeout": 0})
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"through")
        assert here.recv(10) == b"through"
        proxy.destroy_toxic("spared")
        there.sendall(b"still")
        assert here.recv(10) == b"still"


def test_toxicity_is_decided_per_connection(proxy, upstream):
    proxy.add_toxic(type="timeout", toxicity=0.5, attributes={"timeout": 0})
    spared = 0
    for _ in range(60):
        with pair(proxy, upstream) as (here, there):
            there.sendall(b"x")
            spared += not silent(here, 0.03)
    assert 10 < spared < 50


def test_noop_changes_nothing(proxy, upstream):
    proxy.add_toxic(type="noop")
    with pair(proxy, upstream) as (here, there):
        there.sendall(b"same")
        there.close()
        assert read_all(here) == b"same"
