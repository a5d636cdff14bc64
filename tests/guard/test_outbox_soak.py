"""The soak: workers write through an outage of Zep, are killed, Redis is killed and restarted (AOF on).

Small by default.  In full (10,000 writes, 4 workers, 60 s of outage), with summary.json and depth.svg kept:
OUTBOX_SOAK=full OUTBOX_SOAK_REPORT=FOLDER .venv/bin/python -m pytest -m stack tests/guard/test_outbox_soak.py
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import outbox_worker
import pytest
import redis
from awaiting import eventually
from ports import free_port

from chaos.stack.redis_server import find_binary
from guard.errors import StoreError
from guard.outbox import Depth
from guard.policy import Policy
from guard.stores.connection import connect
from guard.stores.outbox import RedisOutbox

ROOT = Path(__file__).parents[2]
ANY_PORT = "127.0.0.1:0"
PREFIX = "{soak}:"
POLL_S = 0.1
"""Looking costs the fleet's Redis something."""


@dataclass(frozen=True)
class Size:
    workers: int = 4
    threads: int = 5
    """Of each worker."""
    turns: int = 20
    """Of each thread."""
    outage_s: float = 6.0
    pause_s: float = 0.05
    drained_within_s: float = 60.0


SIZES = {
    "small": Size(),
    "full": Size(threads=25, turns=100, outage_s=60.0, pause_s=0.02, drained_within_s=400.0),
}
SIZE = SIZES[os.environ.get("OUTBOX_SOAK", "small")]


@dataclass
class Seen:
    """Depth over time, and what happened when; seconds of the soak."""

    began: float = field(default_factory=time.monotonic)
    depth: list[tuple[float, int, float]] = field(default_factory=list)
    """When, how many wait, for how long the oldest has."""
    marks: list[tuple[float, str]] = field(default_factory=list)

    def now(self) -> float:
        return round(time.monotonic() - self.began, 2)

    def mark(self, what: str) -> None:
        self.marks.append((self.now(), what))


class Soak:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack, self.seen = folder, stack, Seen()
        self.redis_port = free_port()
        self.server = self.start_redis()
        stack.callback(lambda: end(self.server))
        zep = stack.enter_context(chaos("zep", "--listen", ANY_PORT, "--api-key", "a-key"))
        self.zep = f"http://{zep['listen']}"
        gateway = stack.enter_context(
            chaos("gateway", "--listen", ANY_PORT, "--upstream", self.zep, "--admin", ANY_PORT)
        )
        self.admin = stack.enter_context(httpx.Client(base_url=f"http://{gateway['admin']}", trust_env=False))
        self.environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FLAG_ZEP_WRITE": "on",
            "ZEP_API_KEY": "a-key",
            "ZEP_BASE_URL": f"http://{gateway['listen']}",
            "GUARD_REDIS_URL": self.redis_url,
            "GUARD_PREFIX": PREFIX,
            "GUARD_OUTBOX": "20000",
            "GUARD_WRITE_HOLD_S": "1",
            "GUARD_LEASE_S": "1",
        }
        self.workers = [self.start_worker(slot) for slot in range(SIZE.workers)]
        stack.callback(lambda: [end(worker) for worker in self.workers])
        connections = connect(self.redis_url)
        stack.callback(connections.close)
        self.outbox = RedisOutbox(connections.patient, Policy(outbox_limit=1), PREFIX)

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def start_redis(self) -> subprocess.Popen[bytes]:
        where = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        kept = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        server = subprocess.Popen([find_binary(), *where, *kept], stdout=subprocess.DEVNULL)
        retry = redis.retry.Retry(
            redis.backoff.ConstantBackoff(0.02), 500
        )  # redis-py's own retry is the wait
        again = [redis.ConnectionError, redis.BusyLoadingError]
        with redis.Redis.from_url(self.redis_url, retry=retry, retry_on_error=again) as client:
            client.ping()
        return server

    def restart_redis(self) -> None:
        self.seen.mark("Redis killed")
        end(self.server)
        self.server = self.start_redis()
        self.seen.mark("Redis is back")

    def acks(self, slot: int) -> Path:
        return self.folder / f"acks-{slot}"

    def start_worker(self, slot: int) -> subprocess.Popen[bytes]:
        sizes = [str(value) for value in (slot, SIZE.threads, SIZE.turns, SIZE.pause_s)]
        argv = [sys.executable, outbox_worker.__file__, str(self.acks(slot)), *sizes]
        return subprocess.Popen(argv, env=self.environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def replace_worker(self, slot: int) -> None:
        self.seen.mark(f"worker {slot} killed")
        end(self.workers[slot])
        self.workers[slot] = self.start_worker(slot)

    def break_zep(self, **fault: object) -> None:
        self.heal()
        self.admin.post("/faults", json={"name": "f", "lease_s": 3600, **fault}).raise_for_status()
        self.seen.mark(f"Zep: {fault['kind']}")

    def heal(self) -> None:
        self.admin.delete("/faults").raise_for_status()

    def acknowledged(self) -> dict[str, list[int]]:
        found = defaultdict(list)
        for slot in range(SIZE.workers):
            for line in self.acks(slot).read_text().splitlines() if self.acks(slot).exists() else ():
                thread, turn = line.split()
                found[thread].append(int(turn))
        return found

    def written(self) -> int:
        return sum(map(len, self.acknowledged().values()))

    def look(self) -> Depth | None:
        """Look and note; None while Redis is away."""
        try:
            waiting = self.outbox.look()
        except StoreError:
            return None
        self.seen.depth.append((self.seen.now(), waiting.depth, round(waiting.oldest_s, 2)))
        return waiting

    def watch(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        patiently(lambda: self.look() and time.monotonic() > until, seconds + 30)

    def stored(self) -> list[tuple[str, str]]:
        """Return thread and text in the order of Zep's ledger."""
        lines = map(json.loads, httpx.get(f"{self.zep}/_double/ledger", trust_env=False).text.splitlines())
        return [
            (entry["thread_uuid"], entry["content"]) for line in lines for entry in line.get("stored", [])
        ]

    def names(self) -> dict[str, str]:
        with redis.Redis.from_url(self.redis_url, decode_responses=True) as client:
            key = f"{PREFIX}thread:"
            return {client.get(name): name.removeprefix(key) for name in client.scan_iter(f"{key}*", 1000)}


def patiently(condition: Callable[[], object], within_s: float) -> None:
    eventually(lambda: time.sleep(POLL_S) or condition(), within_s)


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


@contextmanager
def chaos(*words: str) -> Iterator[dict[str, str]]:
    process = subprocess.Popen([sys.executable, "-m", "chaos.cli", *words], stdout=subprocess.PIPE)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        end(process)


@pytest.fixture
def soak(tmp_path):
    with ExitStack() as stack:
        soak = Soak(tmp_path, stack)
        yield soak
        report(soak)


def report(soak: Soak) -> None:
    folder = Path(os.environ.get("OUTBOX_SOAK_REPORT") or soak.folder)
    folder.mkdir(parents=True, exist_ok=True)
    summary = {"size": asdict(SIZE), "acknowledged": soak.written(), "marks": soak.seen.marks}
    (folder / "summary.json").write_text(json.dumps({**summary, "depth": soak.seen.depth}))
    (folder / "depth.svg").write_text(svg(soak.seen))


def svg(seen: Seen) -> str:
    """Depth over time, with what happened."""
    ends, most = seen.now() or 1, max((depth for _, depth, _ in seen.depth), default=1) or 1
    points = " ".join(
        f"{40 + 900 * t / ends:.1f},{220 - 200 * depth / most:.1f}" for t, depth, _ in seen.depth
    )
    marks = "".join(
        f'<path d="M{40 + 900 * t / ends:.1f} 10V220" stroke="#bbb"/>'
        f'<text x="{42 + 900 * t / ends:.1f}" y="{236 + 13 * (n % 8)}">{t:g} s {what}</text>'
        for n, (t, what) in enumerate(seen.marks)
    )
    axes = (
        f'<text x="2" y="20">{most}</text><text x="2" y="220">0</text><text x="900" y="232">{ends:g} s</text>'
    )
    line = f'<polyline points="{points}" fill="none" stroke="#c30" stroke-width="1.5"/>'
    style = 'font-family="sans-serif" font-size="11"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="1100" height="350" {style}>{marks}{axes}{line}</svg>'
    )


@pytest.mark.stack
def test_every_acknowledged_write_is_in_zep_once_and_in_order(soak):
    patiently(
        lambda: soak.written() > 2 * SIZE.workers * SIZE.threads, SIZE.drained_within_s
    )  # no new threads
    soak.break_zep(kind="truncate")  # Zep stores and nobody hears of it
    before = len(soak.stored())
    soak.watch(SIZE.outage_s / 6)
    unheard = len(soak.stored()) - before
    soak.break_zep(kind="status", code=503)
    soak.watch(SIZE.outage_s / 6)
    soak.replace_worker(0)
    soak.watch(SIZE.outage_s / 6)
    soak.restart_redis()
    soak.watch(SIZE.outage_s / 6)
    soak.replace_worker(1)
    soak.watch(SIZE.outage_s / 3)
    waited = soak.look().depth
    soak.heal()
    soak.seen.mark("Zep is back")
    patiently(lambda: (soak.look() or Depth(waited)).depth < waited, 30)
    soak.replace_worker(2)  # while it drains
    total = SIZE.workers * SIZE.threads * SIZE.turns
    patiently(lambda: soak.look() and soak.written() == total, SIZE.drained_within_s)
    soak.seen.mark("all are written")
    patiently(lambda: soak.look() == Depth(), SIZE.drained_within_s)
    soak.seen.mark("the outbox is empty")

    assert (unheard > 0, waited > 0) == (True, True)
    assert soak.outbox.poison() == []
    names, by_thread = soak.names(), defaultdict(list)
    for uuid, text in soak.stored():
        assert text.endswith(" of [EMAIL]")
        by_thread[names[uuid]].append(int(text.split()[0]))
    acknowledged = soak.acknowledged()
    assert len(acknowledged) == SIZE.workers * SIZE.threads
    for thread, turns in acknowledged.items():
        assert by_thread[thread] == turns == list(range(SIZE.turns)), thread
