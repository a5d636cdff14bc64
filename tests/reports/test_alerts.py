"""Each alert on Prometheus's own terms: it fires, it does not, it resolves; and who hears of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "reports" / "dashboards"
RULES = HOUSE / "rules.yml"
ROUTES = HOUSE / "alertmanager.yml"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def tool(name):
    if not shutil.which(name):
        package = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}[name]
        told = f"NO ALERT WAS TESTED: {name} is missing: apt-get install {package}"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    return name


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, check=False, **more)


@dataclass(frozen=True)
class Case:
    """Series from minute 0 on, one value a minute; when the alert must be silent, and when firing."""

    alert: str
    severity: str
    series: dict[str, str]
    firing: tuple[int, ...]
    silent: tuple[int, ...]


WRITE_ONLY = 'memory_mode_gauge{job="chat",mode="write_only",instance="a"}'
OTHER_WRITE_ONLY = 'memory_mode_gauge{job="chat",mode="write_only",instance="b"}'

WANTED = 'memory_guard_reads_wanted{job="chat"}'


KNOWN = {'up{job="chat"}': "1x200"}
"""Prometheus has scraped the job all the time."""


def late(minutes, values):
    """A series that appears after so many minutes."""
    return " ".join(["_"] * minutes + [values])


def downgrades(reason, instance="a"):
    return f'memory_zep_downgrades_total{{job="chat",reason="{reason}",instance="{instance}"}}'


def latencies(under_100ms, under_250ms):
    bucket = 'memory_zep_read_latency_seconds_bucket{{job="chat",op="context",le="{}"}}'
    return {
        bucket.format("0.1"): f"0+{under_100ms}x30 {30 * under_100ms}+{under_250ms}x20",  # then all are fast
        bucket.format("0.25"): f"0+{under_250ms}x51",
        bucket.format("+Inf"): f"0+{under_250ms}x51",
        'memory_guard_read_deadline_seconds{job="chat"}': "0.25x51",
    }


CASES = [
    Case(
        "MemoryDowngraded",
        "critical",
        {WRITE_ONLY: "0 0 1 1 1 1 1 0 0 0", downgrades("auth"): "_ _ 1 1 1 1 1 1 1 1"},
        firing=(2, 6),
        silent=(1, 7, 9),
    ),
    Case(
        "MemoryDowngraded",
        "critical",
        {WRITE_ONLY: "0x20 1x4 0x9", downgrades("consecutive_failures"): "3x20 4x14"},
        firing=(22,),
        silent=(19, 26),
    ),
    Case("MemoryDowngraded", "critical", {WRITE_ONLY: "1x9", downgrades("manual"): "_ 1x8"}, (), (2, 9)),
    Case("MemoryDowngraded", "critical", {WRITE_ONLY: "1x60"}, (), (1, 30, 60)),
    Case(
        "MemoryStuckInWriteOnly",
        "critical",
        {WRITE_ONLY: "0 1x24 0x9", OTHER_WRITE_ONLY: "0 1x24 0x9", WANTED: "1x34"},
        firing=(16, 24),
        silent=(1, 14, 27),
    ),
    Case(
        "MemoryStuckInWriteOnly", "critical", {WRITE_ONLY: "1x90", WANTED: "0x90"}, (), (30, 90)
    ),  # a dark launch
    Case("MemoryReadsSlow", "warning", latencies(50, 100), firing=(12, 20), silent=(3, 45)),
    Case("MemoryReadsSlow", "warning", latencies(99, 100), (), (12, 20)),
    Case(
        "MemoryReadsTimeOut",
        "warning",
        {
            'memory_zep_read_failures_total{job="chat",op="context",reason="timeout"}': "0+6x20 120x20",
            'memory_zep_read_requests_total{job="chat",op="context"}': "0+100x40",
        },
        firing=(10, 20),
        silent=(4, 35),
    ),
    Case(
        "MemoryReadsTimeOut",
        "warning",
        {
            'memory_zep_read_failures_total{job="chat",op="context",reason="timeout"}': "0+4x40",
            'memory_zep_read_failures_total{job="chat",op="context",reason="server"}': "0+50x40",
            'memory_zep_read_requests_total{job="chat",op="context"}': "0+100x40",
        },
        (),
        (10, 30),
    ),
    Case(
        "MemoryContextFailing",
        "warning",
        {'memory_zep_context_failures_total{job="chat",reason="server"}': "0+360x20 7200x20"},
        firing=(10, 20),
        silent=(4, 35),
    ),
    Case(
        "MemoryContextFailing",
        "warning",
        {'memory_zep_context_failures_total{job="chat",reason="server"}': "0+240x40"},
        (),
        (10, 30),
    ),
    Case(
        "MemoryFlapping",
        "warning",
        {downgrades("auth"): late(70, "1x9 2x9 3x100"), downgrades("auth", "b"): late(100, "1x80"), **KNOWN},
        firing=(101, 125),
        silent=(99, 132),
    ),
    Case("MemoryFlapping", "warning", {downgrades("auth"): "0x60 1x9 2x9 3x60"}, (), (75, 82, 100, 130)),
    Case(  # a scrape was missed at minute 21
        "MemoryFlapping", "warning", {downgrades("auth"): "9x20 stale 9x130", **KNOWN}, (), (22, 81, 100)
    ),
    Case("MemoryFlapping", "warning", {downgrades("manual"): "0+1x60"}, (), (30, 60)),
    Case(
        "MemoryFlapping", "warning", {downgrades("probe_failed"): "0+1x60"}, (), (30, 60)
    ),  # one long outage
    Case(
        "MemoryRestored",
        "info",
        {
            'circuit_events_total{job="chat",component="zep",state="closed"}': late(10, "1x20"),
            'circuit_events_total{job="chat",component="zep_write",state="closed"}': "0+1x30",
            **KNOWN,
        },
        firing=(10, 13),
        silent=(9, 17),
    ),
    Case(
        "MemoryStoreDown", "warning", {'memory_guard_store_up{job="chat"}': "1 0 0 0 0 1"}, (2, 4), (0, 1, 5)
    ),
    Case(
        "MemoryWritesLost",
        "critical",
        {'memory_guard_outbox_dropped_total{job="chat",reason="full"}': late(20, "3x20"), **KNOWN},
        firing=(20, 28),
        silent=(19, 32),
    ),
    Case(  # a new Prometheus
        "MemoryWritesLost",
        "critical",
        {'memory_guard_outbox_dropped_total{job="chat",reason="full"}': "3x40", 'up{job="chat"}': "1x40"},
        (),
        (0, 5, 15),
    ),
    Case(
        "MemoryOutboxOld",
        "warning",
        {'memory_guard_outbox_oldest_seconds{job="chat"}': "0 500 700 700 0"},
        firing=(3,),
        silent=(1, 2, 4),
    ),
    Case(
        "MemoryOutboxPoison",
        "info",
        {'memory_guard_outbox_set_aside_total{job="chat",reason="client"}': late(70, "1x90"), **KNOWN},
        firing=(70, 128),
        silent=(69, 132),
    ),
    Case(
        "MemoryUnredactable",
        "warning",
        {
            'memory_zep_redactions_total{job="chat",field_type="dropped"}': late(20, "1x20"),
            'memory_zep_redactions_total{job="chat",field_type="email"}': "0+9x40",
            **KNOWN,
        },
        firing=(20, 28),
        silent=(19, 32),
    ),
]


def promtool(folder, case, *, drilled="", rules=RULES):
    """Run a case through promtool, with the gateway drilled as told; what it says when it does not hold."""
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    series += [{"series": "zep_gateway_drilled", "values": drilled}] * bool(drilled)
    label = f'alertstate="firing",severity="{case.severity}",drill="{"yes" if drilled else "no"}"'
    fires = f'count(ALERTS{{alertname="{case.alert}",{label}}})'
    tests = [
        {"expr": fires, "eval_time": f"{at}m", "exp_samples": [{"labels": "{}", "value": 1}] if on else []}
        for times, on in ((case.firing, True), (case.silent, False))
        for at in times
    ]
    group = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    file = folder / "test.yml"
    file.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [group]}))
    return run(tool("promtool"), "test", "rules", str(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}-{'fires' if case.firing else 'not'}")
def test_an_alert_fires_when_it_should_and_only_then(tmp_path, case):
    done = promtool(tmp_path, case)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_that_fires_and_resolves():
    proved = {case.alert for case in CASES if case.firing and max(case.silent) > max(case.firing)}
    assert {rule["alert"] for rule in ALERTS} == proved


def test_what_fires_during_a_drill_says_so(tmp_path):
    done = promtool(tmp_path, CASES[0], drilled="1x200")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_looks_back_on_a_drill_that_is_over_says_so_too(tmp_path):
    flapping = next(case for case in CASES if case.alert == "MemoryFlapping")
    done = promtool(tmp_path, flapping, drilled="0x60 1x40 0x100")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_never_fires_is_caught(tmp_path):
    broken = tmp_path / "rules.yml"
    broken.write_text(RULES.read_text().replace("auth|consecutive_failures", "nobody"))
    assert promtool(tmp_path, CASES[0], rules=broken).returncode == 1


def test_the_rules_are_well_formed():
    done = run(tool("promtool"), "check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_says_how_bad_it_is_what_it_is_and_what_to_do():
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    sections = {title.lower() for title in re.findall(r"^## (\w+)$", runbook, re.MULTILINE)}
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert "{{ $labels.job }}" in rule["annotations"]["summary"]
        link, anchor = rule["annotations"]["runbook_url"].split("#")
        assert link == "{{ $externalLabels.runbooks }}/runbook.md"
        assert anchor == rule["alert"].lower()
        assert anchor in sections
    assert {rule["alert"].lower() for rule in ALERTS} == {s for s in sections if s.startswith("memory")}


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_pagerduty_hears_of_all_but_drills(severity):
    def receiver(*labels):
        words = [f"--config.file={ROUTES}", "alertname=MemoryDowngraded", f"severity={severity}"]
        done = run(tool("amtool"), "config", "routes", "test", *words, *labels)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert receiver() == "pagerduty"
    assert receiver("drill=no") == "pagerduty"
    assert receiver("drill=yes") == receiver("drill=auth_401") == "drill"


def test_both_receivers_keep_the_severity_and_no_key_is_in_the_file():
    assert run(tool("amtool"), "check-config", str(ROUTES)).returncode == 0
    receivers = yaml.safe_load(ROUTES.read_text())["receivers"]
    for receiver in receivers:
        (page,) = receiver["pagerduty_configs"]
        assert page["severity"] == "{{ .CommonLabels.severity }}"
        assert "routing_key" not in page
        assert page["routing_key_file"].startswith("/etc/alertmanager/")
    assert len({receiver["pagerduty_configs"][0]["routing_key_file"] for receiver in receivers}) == 2
