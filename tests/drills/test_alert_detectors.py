"""The drills of alerts as detectors: a broken rule or routing is caught, by name; real processes throughout.

The rules and the routing are production's with one thing wrong; that the sound ones raise no alarm is what
`make drill` shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import yaml

from chaos.stack.alerting import Production, missing
from chaos.stack.keeper import Keeper
from chaos.stack.local import LocalStack
from drills import subject
from drills.catalog import drills
from drills.checks.check import Result
from drills.exclusive import exclusive
from drills.history import History
from drills.inject import Injectors
from drills.progress import Progress
from drills.runner import Runner

pytestmark = [
    pytest.mark.matrix,
    pytest.mark.skipif(bool(missing()), reason=f"NOBODY WAS PAGED: apt-get install {' '.join(missing())}"),
]
HOLD_S = 2.0
Files = dict[str, Any]


@dataclass(frozen=True)
class Broken:
    """`apply` breaks the rules or the routing in place; `drill` must then fail on `check`."""

    drill: str
    check: str
    what: str
    apply: Callable[[Files, Files], object]


def rule(rules: Files, name: str) -> Files:
    (found,) = (r for group in rules["groups"] for r in group["rules"] if r["alert"] == name)
    return found


def delete(rules: Files, name: str) -> None:
    for group in rules["groups"]:
        group["rules"] = [r for r in group["rules"] if r["alert"] != name]


def severity(rules: Files, name: str, wrong: str) -> None:
    found = rule(rules, name)
    found["labels"] = {**found["labels"], "severity": wrong}


def expression(rules: Files, name: str, wrong: str) -> None:
    rule(rules, name)["expr"] = wrong


def inhibit(routes: Files, name: str) -> None:
    routes["inhibit_rules"] = [
        {"source_matchers": ['alertname="Always"'], "target_matchers": [f'alertname="{name}"']}
    ]


def always(rules: Files) -> None:
    rules["groups"][0]["rules"].append(
        {"alert": "Always", "expr": "vector(1)", "labels": {"severity": "none"}}
    )


def to_nobody(routes: Files) -> None:
    routes["receivers"].append({"name": "nobody"})
    routes["route"]["routes"].insert(0, {"receiver": "nobody", "matchers": ['severity="critical"']})


def by_worker(rules: Files) -> None:
    """Two groups where there is one incident."""
    found = rule(rules, "MemoryDowngraded")
    group = rules["groups"][0]["rules"]
    group.remove(found)
    group += [{**found, "labels": {**found["labels"], "job": f"worker-{shard}"}} for shard in "12"]


def keeps_firing(rules: Files) -> None:
    expression(rules, "MemoryDowngraded", 'sum by (job) (memory_zep_downgrades_total{reason="auth"}) > 0')


BREAKS = {
    "severity_changed": Broken("alert_auth", "paged", "The downgrade wakes nobody: it is a warning.",
                               lambda rules, _: severity(rules, "MemoryDowngraded", "warning")),
    "rule_deleted": Broken("alert_auth", "paged", "The rule is gone.",
                           lambda rules, _: delete(rules, "MemoryDowngraded")),
    "metric_misspelt": Broken("alert_auth", "paged", "It asks for a metric that nobody exports.",
                              lambda rules, _: expression(rules, "MemoryDowngraded", "zep_downgrades > 0")),
    "plain_increase": Broken("alert_auth", "paged", "A counter that is born has not increased.",
                             lambda rules, _: expression(
                                 rules, "MemoryDowngraded",
                                 'increase(memory_zep_downgrades_total{reason="auth"}[15m]) > 0')),
    "waits_too_long": Broken("alert_auth", "paged", "A downgrade is told of after an hour.",
                             lambda rules, _: rule(rules, "MemoryDowngraded").update({"for": "1h"})),
    "inhibited": Broken("alert_auth", "paged", "Another alert, which always fires, hides it.",
                        lambda rules, routes: (always(rules), inhibit(routes, "MemoryDowngraded"))),
    "routed_to_nobody": Broken("alert_auth", "paged", "Critical alerts go to a receiver that has no pager.",
                               lambda _, routes: to_nobody(routes)),
    "unknown_severity": Broken("alert_auth", "paged", "PagerDuty refuses a severity that it does not know.",
                               lambda _, routes: [r["pagerduty_configs"][0].update(severity="page")
                                                  for r in routes["receivers"]]),
    "by_worker": Broken("alert_auth", "paged_once", "One incident pages once for each worker.",
                        lambda rules, _: by_worker(rules)),
    "drills_wake_people": Broken("alert_auth", "on_call_spared", "What a drill sets off wakes people.",
                                 lambda _, routes: routes["route"]["routes"].pop(0)),
    "never_resolved": Broken("alert_auth", "page_resolved", "A count never goes down: the page never ends.",
                             lambda rules, _: keeps_firing(rules)),
    "resolves_unsaid": Broken("alert_auth", "page_resolved", "PagerDuty is not told when it is over.",
                              lambda _, routes: [r["pagerduty_configs"][0].update(send_resolved=False)
                                                 for r in routes["receivers"]]),
    "pages_for_nothing": Broken("alert_healthy", "pages_nobody", "Reads that take 50 ms are called slow.",
                                lambda rules, _: expression(
                                    rules, "MemoryReadsSlow",
                                    "histogram_quantile(0.95, sum by (job, le) "
                                    "(rate(memory_zep_read_latency_seconds_bucket[5m]))) > 0.02")),
    "stuck_unseen": Broken("alert_stuck", "paged", "Stuck is when it is off, and it is in write_only.",
                           lambda rules, _: expression(
                               rules, "MemoryStuckInWriteOnly", 'memory_mode_gauge{mode="off"} == 1')),
    "stuck_for_hours": Broken("alert_stuck", "paged", "Stuck for 90 minutes is early enough.",
                              lambda rules, _: rule(rules, "MemoryStuckInWriteOnly").update({"for": "90m"})),
}  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    with Keeper() as keeper, LocalStack(folder, keeper, api_key="k") as endpoints:
        yield keeper, endpoints


@pytest.fixture
def rehearse(stack, tmp_path):
    """Only the application that is watched: the one without a pager need not be started."""
    keeper, endpoints = stack

    def rehearse(broken):
        files = {
            name: yaml.safe_load(getattr(subject.PRODUCTION, name).read_text())
            for name in ("rules", "alertmanager")
        }
        broken.apply(files["rules"], files["alertmanager"])
        paths = {name: tmp_path / f"{name}.json" for name in files}
        for name, path in paths.items():
            path.write_text(json.dumps(files[name]))
        assistant = subject.Assistant(
            keeper, endpoints, tmp_path, HOLD_S, "t", "k", production=Production(**paths)
        )
        target = assistant.variant("paged")
        injectors = Injectors(target, endpoints.injector, seed=7)
        try:
            with History(tmp_path) as history, exclusive(target, "alerts"):
                runner = Runner(
                    target=target,
                    injectors=injectors,
                    keeper=keeper,
                    history=history,
                    run_id=f"alerts-{uuid4().hex[:4]}",
                    seed=7,
                    progress=Progress(print),
                )
                return runner.run(drills()[broken.drill])
        finally:
            injectors.close()
            assistant.stop()

    return rehearse


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_or_routing_is_caught_by_its_drill_and_by_name(rehearse, record_property, name):
    broken = BREAKS[name]
    verdict = rehearse(broken)
    failed = [check.name for check in verdict.checks if check.result is Result.FAIL]
    record_property("matrix", json.dumps([name, broken.what, broken.drill, failed]))
    assert verdict.verdict is Result.FAIL, verdict.sentence
    assert broken.check in failed, verdict.complaints()
