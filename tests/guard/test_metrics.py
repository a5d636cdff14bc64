"""Counts reach Prometheus: at a scrape of this process, and from several processes together."""

from __future__ import annotations

import os
import subprocess
import sys

from guard.metrics import COUNTERS, HISTOGRAMS, Metrics
from guard.modes import Mode

WORKERS = """
import os, sys
from guard.metrics import Metrics
from guard.modes import Mode
metrics = Metrics()
metrics.reads.n += 2
metrics.read_s.add(0.003)
metrics.count("memory_zep_downgrades", "auth")
child = os.fork()
metrics.reads.n += 1
metrics.show(Mode.WRITE_ONLY, store_up=True)
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def test_a_scrape_shows_what_was_counted_up_to_it(registry):
    metrics = Metrics(registry)
    metrics.reads.n += 3
    metrics.read_s.add(0.2)
    metrics.count("memory_zep_read_failures", "context", "timeout")
    for _ in range(2):  # a second scrape counts nothing twice
        assert registry.get_sample_value("memory_zep_read_requests_total", {"op": "context"}) == 3
        assert registry.get_sample_value("memory_zep_read_latency_seconds_sum", {"op": "context"}) == 0.2
    failures = {"op": "context", "reason": "timeout"}
    assert registry.get_sample_value("memory_zep_read_failures_total", failures) == 1


def test_all_three_mode_series_exist_from_boot(registry):
    Metrics(registry).show(Mode.WRITE_ONLY, store_up=True)
    values = {m: registry.get_sample_value("memory_mode_gauge", {"mode": str(m)}) for m in Mode}
    assert values == {Mode.OFF: 0, Mode.WRITE_ONLY: 1, Mode.READ_WRITE: 0, Mode.READ_ONLY: None}


def test_what_should_never_happen_stands_on_0_from_boot(registry):
    Metrics(registry)
    assert registry.get_sample_value("memory_guard_outbox_dropped_total", {"reason": "full"}) == 0
    assert registry.get_sample_value("memory_guard_shadow_decisions_total", {"reason": "auth"}) == 0
    assert registry.get_sample_value("memory_zep_retry_after_seconds_count", {"op": "context"}) == 0


def test_latency_buckets_are_the_seeds(registry):
    Metrics(registry).read_s.add(0.003)
    (family,) = [f for f in registry.collect() if f.name == "memory_zep_read_latency_seconds"]
    buckets = [s.labels["le"] for s in family.samples if s.name.endswith("_bucket")]
    assert buckets == ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.0", "+Inf"]


def test_two_guards_of_one_process_share_the_families(registry):
    one, other = Metrics(registry), Metrics(registry)
    one.reads.n += 1
    other.reads.n += 1
    assert registry.get_sample_value("memory_zep_read_requests_total", {"op": "context"}) == 2


def test_workers_add_up_in_multiprocess_mode_and_the_gauge_is_the_latest(tmp_path):
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WORKERS], env=environ, capture_output=True, text=True, check=True
    )
    assert 'memory_zep_read_requests_total{op="context"} 4.0' in done.stdout
    assert 'memory_zep_downgrades_total{reason="auth"} 1.0' in done.stdout
    assert 'memory_zep_read_latency_seconds_count{op="context"} 1.0' in done.stdout
    assert 'memory_mode_gauge{mode="write_only"} 1.0' in done.stdout
    assert "memory_guard_store_up 1.0" in done.stdout


def test_names_are_the_inventorys():
    assert set(COUNTERS) | set(HISTOGRAMS) == {
        "circuit_events",
        "circuit_open",
        "memory_guard_ambiguous_writes",
        "memory_guard_outbox_dropped",
        "memory_guard_outbox_queued",
        "memory_guard_outbox_replayed",
        "memory_guard_outbox_set_aside",
        "memory_guard_shadow_decisions",
        "memory_zep_context_cache_hits",
        "memory_zep_context_failures",
        "memory_zep_context_requests",
        "memory_zep_context_stale",
        "memory_zep_downgrades",
        "memory_zep_redactions",
        "memory_zep_retry_after_seconds",
        "memory_zep_read_failures",
        "memory_zep_read_latency_seconds",
        "memory_zep_read_requests",
        "memory_zep_read_skipped",
        "memory_zep_write_failures",
        "memory_zep_write_latency_seconds",
        "memory_zep_write_requests",
        "memory_zep_write_skipped",
        "memory_zep_write_success",
    }
