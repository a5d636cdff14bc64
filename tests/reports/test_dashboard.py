"""The dashboard as Grafana gets it: complete, made of what the guard exports, and of nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import CollectorRegistry

from chaos.gateway.metrics import exposition
from guard.metrics import Metrics
from reports.dashboards.generate import FILE, HOUSE, generated
from reports.dashboards.panels import ADDED, DRILLED, FIRING, PANELS, SEED, Kind

BOARD = json.loads(FILE.read_text())
RULES = [
    rule for group in yaml.safe_load((HOUSE / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
ASKED = {
    **{f"{panel.title} {legend}": query for panel in PANELS for legend, query in panel.queries.items()},
    **{rule["alert"]: rule["expr"] for rule in RULES},
}
"""Every expression of a panel and of a rule."""
each_asked = pytest.mark.parametrize("expression", ASKED.values(), ids=ASKED)
UNSEEN: dict[str, str] = {}
"""Metrics of the guard that no panel and no rule uses, and why not."""
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""


def spelt_out(expression):
    """What Grafana asks Prometheus: its variables have values."""
    values = {"$__rate_interval": "1m", "$__range": "1h", "$job": ".+"}
    return re.sub(r"\$\w+", lambda name: values[name[0]], expression)


def nodes(expression):
    found = []
    promql_parser.walk(promql_parser.parse(spelt_out(expression)), found.append)
    return found


def names(expressions):
    selectors = [n for e in expressions for n in nodes(e) if isinstance(n, promql_parser.VectorSelector)]
    return {selector.name for selector in selectors}


OF_PROMETHEUS = {"up": ("up", set())}
"""What it says of each target itself."""


def exported():
    """Sample names of the guard's registry: the family of each, and its labels."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    labels = {family._name: set(family._labelnames) for family in metrics._families.values()}
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
    return OF_PROMETHEUS | {
        family.name + suffix: (family.name, labels[family.name] | ({"le"} if suffix == "_bucket" else set()))
        for family in registry.collect()
        for suffix in suffixes[family.type]
    }


def test_the_committed_dashboard_is_what_the_panels_make():
    assert FILE.read_text() == generated(), "python -m reports.dashboards.generate"


def test_the_seeds_nine_panels_come_first_and_under_their_names():
    assert [panel["title"] for panel in BOARD["panels"]][:9] == [
        "Memory Mode (Current)",
        "Downgrade Events (10 min)",
        "Read Health",
        "Context Failures",
        "PII Redactions",
        "Cache Hit Rate",
        "Write Success Rate",
        "Circuit Breaker Opens",
        "Read/Write Request Rate",
    ]
    assert len(BOARD["panels"]) == len(SEED) + len(ADDED)


@pytest.mark.parametrize(
    ("title", "steps"),
    [
        ("Read Health", [(None, "green"), (0.25, "yellow"), (0.5, "red")]),
        ("Cache Hit Rate", [(None, "red"), (0.4, "yellow"), (0.6, "green")]),
        ("Write Success Rate", [(None, "red"), (0.95, "yellow"), (0.99, "green")]),
    ],
)
def test_thresholds_are_the_seeds(title, steps):
    (panel,) = [panel for panel in BOARD["panels"] if panel["title"] == title]
    found = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in found] == steps


@pytest.mark.parametrize("panel", BOARD["panels"], ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows_in_which_unit_and_names_its_lines(panel):
    assert panel["description"].endswith((".", "?"))
    known = {unit for unit in vars(units).values() if isinstance(unit, str)}
    assert panel["fieldConfig"]["defaults"]["unit"] in known
    assert panel["type"] == "table" or all(target["legendFormat"] for target in panel["targets"])
    assert panel["type"] != "timeseries" or panel["options"]["legend"]["showLegend"]
    assert panel["datasource"]["uid"] == "${datasource}"
    # a legend names each series apart: what is summed by a label shows it
    for target in panel["targets"]:
        labels = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
        assert panel["type"] == "table" or labels == grouped(target["expr"]), target["expr"]


def grouped(expression):
    """Labels that the result of an expression still has, by its aggregations; `le` goes into a quantile."""
    kept = [
        n.modifier.labels
        for n in nodes(expression)
        if isinstance(n, promql_parser.AggregateExpr) and n.modifier
    ]
    return {label for labels in kept for label in labels} - {"le"}


def test_panels_do_not_overlap_and_have_numbers_of_their_own():
    spots = [panel["gridPos"] for panel in BOARD["panels"]]
    cells = [
        (x, y) for s in spots for x in range(s["x"], s["x"] + s["w"]) for y in range(s["y"], s["y"] + s["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(PANELS)


def test_the_json_is_grafanas_as_far_as_its_published_types_know():
    """Without Grafana: its SDK's types read all of it and lose nothing; what they leave open follows."""
    again = json.loads(json.dumps(Dashboard.from_json(BOARD), cls=JSONEncoder))
    assert again == BOARD
    assert BOARD["uid"]
    assert BOARD["schemaVersion"] >= 36  # data sources as references
    assert {panel["type"] for panel in BOARD["panels"]} == {"stat", "timeseries", "table"}
    for panel in BOARD["panels"]:
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs)) > 0
    used = set(re.findall(r"\$\{?(\w+)", FILE.read_text()))
    assert used - {"__rate_interval", "__range", "__all"} == {v["name"] for v in BOARD["templating"]["list"]}


def test_drills_and_alerts_are_marked_over_the_panels():
    marks = {mark["name"]: mark["expr"] for mark in BOARD["annotations"]["list"]}
    assert marks == {"Drills": DRILLED, "Alerts": FIRING}
    assert names([DRILLED]) < set(exposition(0, {}, drilled=True).decode().split())
    assert names([FIRING]) == {"ALERTS"}  # which Prometheus makes of rules.yml


@each_asked
def test_every_expression_is_promql(expression):
    assert promql_parser.parse(spelt_out(expression))


def test_no_panel_and_no_rule_asks_for_what_the_guard_does_not_export():
    assert names(ASKED.values()) - exported().keys() == set()


def test_every_metric_of_the_guard_is_on_a_panel_or_in_a_rule_or_in_the_table_of_the_others():
    used = {exported()[name][0] for name in names(ASKED.values())}
    assert {family for family, _ in exported().values()} - used == UNSEEN.keys()


@each_asked
def test_no_expression_asks_for_a_label_that_its_metrics_do_not_have(expression):
    selectors = [n for n in nodes(expression) if isinstance(n, promql_parser.VectorSelector)]
    for selector in selectors:
        matched = {matcher.name for matcher in selector.matchers.matchers}
        assert matched <= exported()[selector.name][1] | SCRAPED
    known = set.union(*(exported()[selector.name][1] for selector in selectors)) | SCRAPED
    assert grouped(expression) <= known


def test_a_stat_asks_for_now_and_not_for_a_range():
    """A stat over a range would show the last value of a mode that nobody is in any more."""
    stats = [panel for panel in BOARD["panels"] if panel["type"] == Kind.STAT]
    assert all(target["instant"] and not target["range"] for panel in stats for target in panel["targets"])


def test_grafana_finds_prometheus_and_the_dashboard_by_its_provisioning():
    (source,) = provisioned("datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert source["url"] == "${PROMETHEUS_URL}"
    assert source["jsonData"]["timeInterval"] == "${PROMETHEUS_SCRAPE_INTERVAL}"
    (provider,) = provisioned("dashboards/zep-guard.yml")["providers"]
    assert provider["type"] == "file"
    assert Path(provider["options"]["path"]).is_absolute()


def provisioned(path):
    read = yaml.safe_load((HOUSE / "provisioning" / path).read_text())
    assert read["apiVersion"] == 1
    return read
