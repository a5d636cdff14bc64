"""A server as a process of its own: how soon it answers, what it takes of memory and of a core."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.injection.client import right
from tests.bench.injection.upstream import REQUEST

ROOT = Path(__file__).parents[3]
READY_WITHIN_S = 10.0
LOOK_EVERY_S = 0.001
ANSWER_TIMEOUT_S = 2.0
END_TIMEOUT_S = 5.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class StartError(Exception):
    """A server did not come up; one line."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running server that answers at `port`."""

    port: int
    pid: int
    ready_s: float

    def rss_mb(self) -> float | None:
        """Memory in MB (10^6); None where there is no /proc."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except FileNotFoundError:
            return None
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def busy_s(self) -> float:
        """CPU time so far of all its threads, in steps of 10 ms; 0 where there is no /proc."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S  # proc(5): utime and stime


@contextmanager
def running(argv: Sequence[str], port: int, prepare: Callable[[], object]) -> Iterator[Process]:
    """Start a server, have it prepared, wait for its first right answer; end it at the end."""
    began = time.monotonic()
    with subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    ) as server:
        try:
            until(lambda: prepare() or True, server, argv[0])
            until(lambda: answers(port), server, argv[0])
            yield Process(port, server.pid, time.monotonic() - began)
        finally:
            end(server)


def until(done: Callable[[], object], server: subprocess.Popen[bytes], name: str) -> None:
    """Ask again until it is done; an OSError means not yet."""
    deadline_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline_s:
        try:
            if done():
                return
        except OSError:
            pass
        if server.poll() is not None:
            raise StartError(f"{name} ended at its start with code {server.returncode}")
        time.sleep(LOOK_EVERY_S)
    raise StartError(f"{name} did not answer within {READY_WITHIN_S:g} s")


def answers(port: int) -> bool:
    """Ask once."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S) as connection:
        connection.sendall(REQUEST)
        said = b""
        while part := connection.recv(65536):
            said += part
            if right(said):
                return True
    return False


def end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()


def environment() -> Mapping[str, str]:
    """Our own servers are this clone's, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
