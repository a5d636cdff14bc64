"""The benchmark of the injectors runs and says what it should; its figures are for people, not for a test."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.bench.injection import client, goals, upstream
from tests.bench.injection.client import WrongError
from tests.bench.injection.subjects import Peers

BENCH = Path(__file__).parent / "injectors.py"
WITHIN_S = 60.0
"""Takes 7 s on an idle machine with every peer."""
NOBODY = Path(__file__).parent / "nobody"


def run(*words: str, path: str | None = None) -> str:
    """One quick run; whatever it started ends with it, also when it hangs."""
    argv = [sys.executable, str(BENCH), "--quick", *words]
    env = {**os.environ, **({} if path is None else {"PATH": path})}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True, env=env) as bench:
        try:
            said, _ = bench.communicate(timeout=WITHIN_S)
        finally:
            if bench.poll() is None:
                os.killpg(bench.pid, signal.SIGKILL)
    assert bench.returncode == 0
    return said


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return json.loads(run("--json"))


def test_ours_are_measured_beside_every_peer_that_is_installed(figures):
    ours = {("L4", "ours", False), ("L7", "ours", False), ("L7", "ours", True)}
    here = {name for name, said in figures["versions"].items() if said}
    peers = {("L7", name, ruled) for name in ("envoy", "haproxy") for ruled in (False, True)}
    peers |= {("L4", "toxiproxy", False)}
    rows = {(row["layer"], row["name"], row["ruled"]) for row in figures["rows"] if row["name"] != "direct"}
    assert rows == ours | {peer for peer in peers if peer[1] in here}


def test_a_row_says_what_a_proxy_adds_carries_and_takes(figures):
    for row in figures["rows"]:
        assert row["per_s"] > 0
        assert row["p50_us"] > 0
        assert len(row["each"]["per_s"]) == 2
        assert ("mb_per_s" in row) == (row["layer"] == "L4")
        if row["name"] != "direct":
            assert row["added_p50_us"] == pytest.approx(sum(row["each"]["added_p50_us"]) / 2, abs=0.02)
            assert row["rss_mb"] > 1
            assert 0 < row["ready_s"] < WITHIN_S


def test_a_direct_connection_adds_nothing(figures):
    direct = [row for row in figures["rows"] if row["name"] == "direct"]
    assert [(row["layer"], row["added_p50_us"], row["ready_s"]) for row in direct] == [
        ("L4", 0, None),
        ("L7", 0, None),
    ]


def test_every_goal_says_what_was_wanted_and_measured_and_whether_it_was_met(figures):
    assert len(figures["goals"]) == 15
    for goal in figures["goals"]:
        assert set(goal) == {"goal", "wanted", "measured", "met"}
        assert (goal["met"] is None) == (goal["measured"] is None)
    assert all(isinstance(goal["met"], bool) for goal in figures["goals"][-2:])


def test_peers_that_are_not_installed_are_named_and_their_goals_not_measured(tmp_path):
    lines = run("--envoy", str(tmp_path / "envoy"), path=str(tmp_path)).splitlines()
    assert [line.partition(":")[2].split(";")[0] for line in lines if line.startswith("missing:")][:2] == [
        " toxiproxy",
        " envoy",
    ]
    assert sum(line.startswith("not measured") for line in lines) == 13
    assert sum(line.startswith(("met", "MISSED")) for line in lines) == 2


def test_a_goal_compares_ours_with_the_peer_in_the_same_state():
    row = {"added_p50_us": 10.0, "per_s": 100.0, "mb_per_s": 100.0, "rss_mb": 59.0, "ready_s": 0.5}
    row |= {"free_added_p50_us": 30.0, "free_per_s": 90.0}
    envoys = row | {"added_p50_us": 20.0, "per_s": 200.0}
    rows = [{"layer": "L4", "name": "ours", "ruled": False, **row}]
    rows += [{"layer": "L7", "name": "ours", "ruled": ruled, **row} for ruled in (False, True)]
    rows += [{"layer": "L4", "name": "toxiproxy", "ruled": False, **row}]
    rows += [{"layer": "L7", "name": "envoy", "ruled": True, **envoys}]
    judged = {goal["goal"]: (goal["measured"], goal["met"]) for goal in goals.judged(rows)}
    assert judged == {
        "L4 bulk MB/s of Toxiproxy's": (1.0, True),
        "L4 added p50 of Toxiproxy's, placed": (1.0, True),
        "L4 added p50 of Toxiproxy's, unplaced": (1.0, True),
        "L4 requests/s of Toxiproxy's, placed": (1.0, True),
        "L4 requests/s of Toxiproxy's, unplaced": (1.0, True),
        "L7 requests/s of Envoy's, placed": (None, None),
        "L7 requests/s of Envoy's, unplaced": (None, None),
        "L7 requests/s of Envoy's, rules in place, placed": (0.5, False),
        "L7 requests/s of Envoy's, rules in place, unplaced": (1.0, True),
        "L7 added p50 of Envoy's, placed": (None, None),
        "L7 added p50 of Envoy's, unplaced": (None, None),
        "L7 added p50 of Envoy's, rules in place, placed": (0.5, True),
        "L7 added p50 of Envoy's, rules in place, unplaced": (1.0, False),
        "L7 gateway's memory after the load, MB": (59.0, True),
        "L7 gateway's start to its first answer, s": (0.5, False),
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "answered"),
        (upstream.ANSWER.replace(b"200 OK", b"500 NO"), "answered"),
        (upstream.ANSWER[:-1] + b"?" * 4096, "answered"),
        (b"", "closed a connection"),
    ],
    ids=["a fault", "another status", "another body", "a closed connection"],
)
def test_a_wrong_answer_ends_the_run(answer, why):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def once() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)
                if answer:  # stay until the client leaves: hanging up would be wrong by itself
                    connection.recv(4096)

        thread = threading.Thread(target=once)
        thread.start()
        try:
            with pytest.raises(WrongError, match=why):
                client.requests(server.getsockname()[1], connections=1, for_s=0.01)
        finally:
            thread.join()


def test_an_answer_may_come_in_pieces_but_not_with_more_behind_it():
    assert client.right(upstream.ANSWER)
    assert not client.right(upstream.ANSWER[:-1])
    assert not client.right(upstream.ANSWER + upstream.ANSWER)


def test_a_peer_that_is_not_where_it_was_said_is_missing():
    assert Peers.found(str(NOBODY)).envoy is None


def test_a_usage_error_is_2():
    done = subprocess.run([sys.executable, str(BENCH), "--fast"], check=False, capture_output=True)
    assert done.returncode == 2
