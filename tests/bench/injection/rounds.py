"""Everybody in turn, round by round: a noisy second hits all alike.  A figure is the median of its rounds."""

from __future__ import annotations

import operator
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.injection import client, upstream
from tests.bench.injection.client import WrongError
from tests.bench.injection.cores import ALL, BENCH, place
from tests.bench.injection.process import Process, running
from tests.bench.injection.subjects import Peers, Subject, subjects

ROUNDS, STARTS = 7, 5
ALONE_S, CROWD_S, BULK_CHUNKS = 0.5, 1.0, 1024
"""A round: one connection, then as many as the layer has, both ways of placing; 256 MiB in one answer."""
CONNECTIONS = {"L4": 20, "L7": 16}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Runner:
    """A subject at work (or nobody, between client and upstream) and what its rounds gave."""

    name: str
    layer: str
    ruled: bool
    upstream: Process
    process: Process | None = None
    rounds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def run(self, share: int) -> None:
        """One round, as the scheduler likes and then placed; `free_` figures are the former's."""
        bench = [os.getpid(), self.upstream.pid]
        own = [self.process.pid] if self.process else []
        place([*bench, *own], ALL)
        self._note(free_p50_us=self._alone(share), free_per_s=self._crowd(share).per_s)
        if self.layer == "L4":
            size = BULK_CHUNKS // share * len(upstream.BULK_CHUNK)
            self._note(mb_per_s=client.bulk_mb_per_s(self.port, size))
        place([*bench, *own], BENCH)
        self._note(p50_us=self._alone(share))
        place(own, ALL)
        own_s, bench_s = self._busy_s(), self.upstream.busy_s()
        crowd = self._crowd(share)
        cpu_us = (self._busy_s() - own_s) / len(crowd.took_s) * 1e6
        bench_busy = crowd.busy + (self.upstream.busy_s() - bench_s) / crowd.seconds
        self._note(per_s=crowd.per_s, cpu_us=cpu_us, bench_busy=bench_busy)

    def row(self, direct: dict[str, list[float]]) -> Row:
        """Sum up; latency is over the same round's direct one."""
        each = dict(self.rounds)
        for kind in ("", "free_"):
            p50 = f"{kind}p50_us"
            each[f"{kind}added_p50_us"] = list(map(operator.sub, each[p50], direct[p50]))
        medians = {name: round(statistics.median(values), 2) for name, values in each.items()}
        about = {"layer": self.layer, "name": self.name, "ruled": self.ruled}
        rss_mb = self.process.rss_mb() if self.process else None
        rounded = {name: [round(value, 2) for value in values] for name, values in each.items()}
        return {**about, **medians, "rss_mb": rss_mb, "each": rounded}

    def _alone(self, share: int) -> float:
        return self._load(1, ALONE_S / share).p50_us

    def _crowd(self, share: int) -> client.Load:
        return self._load(CONNECTIONS[self.layer], CROWD_S / share)

    def _load(self, connections: int, for_s: float) -> client.Load:
        try:
            return client.requests(self.port, connections=connections, for_s=for_s)
        except WrongError as error:
            raise WrongError(f"{self.name} ({self.layer}) {error}") from None

    @property
    def port(self) -> int:
        return (self.process or self.upstream).port

    def _busy_s(self) -> float:
        return self.process.busy_s() if self.process else 0.0

    def _note(self, **figures: float) -> None:
        for name, value in figures.items():
            self.rounds[name].append(value)


def measured(peers: Peers, share: int) -> list[Row]:
    """Return a row for everybody; `share` makes loads that many times shorter."""
    with tempfile.TemporaryDirectory() as folder, served(BULK_CHUNKS // share) as last:
        entered = subjects(peers, last.port, Path(folder))
        ready_s = starts(entered, max(1, STARTS // share))
        with ExitStack() as stack:
            runners = [Runner("direct", layer, False, last) for layer in CONNECTIONS]
            runners += [begun(subject, last, stack) for subject in entered]
            for n in range(max(2, ROUNDS // share)):
                for runner in reversed(runners) if n % 2 else runners:
                    runner.run(share)
            direct = {runner.layer: runner.rounds for runner in runners if not runner.process}
            rows = [runner.row(direct[runner.layer]) for runner in runners]
    return [{**row, "ready_s": ready_s.get((row["layer"], row["name"], row["ruled"]))} for row in rows]


@contextmanager
def served(bulk_chunks: int) -> Iterator[Process]:
    """Run upstream."""
    argv = [sys.executable, upstream.__file__, str(bulk_chunks)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield Process(int(server.stdout.readline()), server.pid, ready_s=0.0)
        finally:
            server.terminate()


def starts(entered: list[Subject], times: int) -> dict[tuple[str, str, bool], float]:
    """Return how long each takes from its start to its first answer: the median, in seconds."""
    took: dict[tuple[str, str, bool], list[float]] = defaultdict(list)
    for _ in range(times):
        for subject in entered:
            with running(*subject.start()) as process:
                took[subject.layer, subject.name, subject.ruled].append(process.ready_s)
    return {who: round(statistics.median(seconds), 3) for who, seconds in took.items()}


def begun(subject: Subject, last: Process, stack: ExitStack) -> Runner:
    process = stack.enter_context(running(*subject.start()))
    return Runner(subject.name, subject.layer, subject.ruled, last, process)
