"""Any history of writers, drainers and crashes: order per thread, the bound, nothing lost, nothing twice."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from outboxes import Fleet

from guard.outbox import Taken, partition

LIMIT = 12
NAMES = 9
THREADS = st.sampled_from([f"thread {n}" for n in range(NAMES)])
"""More than there are partitions: some share one."""


class Machine(RuleBasedStateMachine):
    """`waiting` is what the outbox must hold, in order; `zep` what was sent, each key once."""

    taken = Bundle("taken")

    def __init__(self, url: str) -> None:
        super().__init__()
        self.fleet = Fleet(url)
        self.box = self.fleet.outbox(LIMIT)
        self.waiting: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self.aside: list[tuple[str, str]] = []
        self.acknowledged: dict[str, list[str]] = defaultdict(list)
        self.zep: dict[str, list[str]] = defaultdict(list)
        self.leases: dict[int, str] = {}
        self.moved: set[str] = set()
        """Set aside once: their place is lost by design."""
        self.number = 0

    def next_payload(self) -> str:
        self.number += 1
        return f"m{self.number}"

    def total(self) -> int:
        return sum(map(len, self.waiting.values())) + len(self.aside)

    @rule(thread=THREADS, size=st.integers(1, 4))
    def put(self, thread: str, size: int) -> None:
        payloads = [self.next_payload() for _ in range(size)]
        fits = self.total() + size <= LIMIT
        assert self.box.put(thread, payloads) is fits
        if fits:
            self.waiting[partition(thread)] += [(thread, payload) for payload in payloads]
            self.acknowledged[thread] += payloads

    @rule(target=taken)
    def take(self) -> Taken | None:
        self.number += 1
        free = [p for p, entries in self.waiting.items() if entries and p not in self.leases]
        found = self.box.take(f"drainer {self.number}")
        assert (found is not None) == bool(free)
        if found:
            assert found.partition in free
            assert (found.thread_id, found.payload) == self.waiting[found.partition][0]
            self.leases[found.partition] = found.token
        return found

    def holds(self, one: Taken) -> bool:
        return self.leases.get(one.partition) == one.token

    @rule(one=taken)
    def send(self, one: Taken | None) -> None:
        """Zep stores it, idempotently; a drainer may do so long after it lost its lease."""
        if one and one.payload not in self.zep[one.thread_id]:
            self.zep[one.thread_id].append(one.payload)

    @rule(one=taken)
    def done(self, one: Taken | None) -> None:
        if one is None or one.payload not in self.zep[one.thread_id]:
            return  # nobody says so without having sent it
        held = self.holds(one)
        assert self.box.done(one) is held
        if held:
            assert self.waiting[one.partition].pop(0) == (one.thread_id, one.payload)
            del self.leases[one.partition]

    @rule(one=consumes(taken), counts=st.booleans())
    def back(self, one: Taken | None, counts: bool) -> None:
        if one is None:
            return
        held = self.holds(one)
        assert self.box.back(one, counts=counts) is held
        if held:
            del self.leases[one.partition]
            self.fleet.lapse(one.partition)  # it has cooled down

    @rule(one=consumes(taken))
    def set_aside(self, one: Taken | None) -> None:
        if one is None:
            return
        held = self.holds(one)
        assert self.box.aside(one, "client") is held
        if held:
            self.aside.append(self.waiting[one.partition].pop(0))
            self.moved.add(one.payload)
            del self.leases[one.partition]

    @precondition(lambda self: self.aside)
    @rule()
    def retry(self) -> None:
        assert self.box.retry("all") == len(self.aside)
        for thread, payload in self.aside:
            self.waiting[partition(thread)].append((thread, payload))
        self.aside = []

    @rule()
    def crash(self) -> None:
        """Every lease lapses: whoever held one was dead, or is late."""
        self.fleet.lapse()
        self.leases = {}

    @invariant()
    def depth_and_markers_are_exact(self) -> None:
        assert self.box.look().depth == self.total() - len(self.aside)
        assert self.box.filled == any(self.waiting.values())
        assert len(self.box.poison()) == len(self.aside)
        counts = defaultdict(int)
        for entries in self.waiting.values():
            for thread, _ in entries:
                counts[thread] += 1
        marked = self.fleet.redis.hgetall(f"{self.fleet.prefix}outbox:threads")
        assert {thread: int(n) for thread, n in marked.items()} == dict(counts)

    @invariant()
    def order_holds_and_nothing_is_lost(self) -> None:
        for thread, payloads in self.acknowledged.items():
            in_place = [payload for payload in payloads if payload not in self.moved]
            sent = [payload for payload in self.zep[thread] if payload not in self.moved]
            assert sent == in_place[: len(sent)]
            left = {payload for _, payload in [*self.waiting[partition(thread)], *self.aside]}
            assert set(payloads) <= set(self.zep[thread]) | left

    def teardown(self) -> None:
        """In the end a drainer that lives gets everything out."""
        self.fleet.lapse()
        if self.aside:
            self.retry()
        while one := self.box.take("last"):
            self.send(one)
            assert self.box.done(one)
        for thread, payloads in self.acknowledged.items():
            assert sorted(self.zep[thread]) == sorted(payloads)
        assert self.box.look().depth == 0
        self.fleet.close()


def test_any_history_keeps_order_bound_and_everything(redis_url):
    run_state_machine_as_test(
        lambda: Machine(redis_url),
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
