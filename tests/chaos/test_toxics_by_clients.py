"""What each TCP fault does to real clients of a Zep behind Toxiproxy: httpx, aiohttp and the SDK."""

from __future__ import annotations

import pytest
from real_clients import CLIENTS, by_httpx

from chaos.faults import Down, Toxic
from chaos.injectors.l4 import L4

TIMEOUT_S = 0.5
FINE = ({200}, {200}, {"an answer"})
SILENT = ({"ReadTimeout"}, {"TimeoutError"}, {"ReadTimeout"})
CUT = (
    {"RemoteProtocolError"},
    {"ServerDisconnectedError", "ClientPayloadError", "ClientOSError"},
    {"RemoteProtocolError"},
)
RESET = (
    {"ReadError", "ConnectError", "RemoteProtocolError", "WriteError"},
    {"ClientOSError", "ServerDisconnectedError"},
    {"ReadError", "ConnectError", "RemoteProtocolError", "WriteError"},
)
"""An accept that is reset at once: a race, see the real server's row in docs/faults.md."""
ROWS = {
    "latency": (Toxic(proxy="z", type="latency", attributes={"latency": 50}), FINE),
    "latency beyond the deadline": (Toxic(proxy="z", type="latency", attributes={"latency": 2000}), SILENT),
    "latency on the way in": (
        Toxic(proxy="z", type="latency", stream="upstream", attributes={"latency": 2000}),
        SILENT,
    ),
    "black hole": (Toxic(proxy="z", type="timeout", attributes={"timeout": 0}), SILENT),
    "timeout": (Toxic(proxy="z", type="timeout", attributes={"timeout": 50}), CUT),
    "reset_peer": (Toxic(proxy="z", type="reset_peer"), RESET),
    "limit_data": (Toxic(proxy="z", type="limit_data", attributes={"bytes": 40}), CUT),
    "bandwidth": (Toxic(proxy="z", type="bandwidth", attributes={"rate": 1000}), FINE),
    "bandwidth of nothing": (Toxic(proxy="z", type="bandwidth", attributes={"rate": 0}), SILENT),
    "slicer": (Toxic(proxy="z", type="slicer", attributes={"average_size": 10}), FINE),
    "slow_close": (Toxic(proxy="z", type="slow_close", attributes={"delay": 50}), FINE),
    "noop": (Toxic(proxy="z", type="noop"), FINE),
    "down": (Down(proxy="z"), ({"ConnectError"}, {"ClientConnectorError"}, {"ConnectError"})),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_real_clients_see(toxiproxy_server, zep, name):
    fault, seen = ROWS[name]
    l4 = L4(f"http://{toxiproxy_server}")
    url = f"http://{l4.create('z', zep)}"
    l4.apply("f", fault)
    for ask, expected in zip(CLIENTS.values(), seen, strict=True):
        assert ask(url, TIMEOUT_S) in expected
    l4.heal("f", fault)
    assert by_httpx(url) == 200
    l4.remove("z")
