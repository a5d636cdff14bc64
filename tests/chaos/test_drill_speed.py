"""Production's rules at drill speed: time is shortened, and nothing else is touched."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from chaos import cli
from chaos.stack.drill_speed import alertmanager, rules, shortened

DASHBOARDS = Path(__file__).parents[2] / "reports" / "dashboards"
ROUTED = {"pager_url": "http://127.0.0.1:1/v2/enqueue", "key_file": "/key"}


def one_rule(**fields):
    return rules({"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up", **fields}]}]})["groups"][0][
        "rules"
    ][0]


def production(name):
    return yaml.safe_load((DASHBOARDS / name).read_text())


@pytest.mark.parametrize(
    ("of_production", "of_a_drill"),
    [
        ("15m", "5000ms"),
        ("5m", "1667ms"),
        ("1h", "20000ms"),
        ("1h30m", "30000ms"),
        ("0s", "0s"),
        ("250ms", "1ms"),
    ],
)
def test_a_wait_is_180_times_as_short(of_production, of_a_drill):
    assert shortened(of_production) == of_a_drill
    assert one_rule(**{"for": of_production})["for"] == of_a_drill


@pytest.mark.parametrize(
    ("of_production", "of_a_drill"),
    [
        ("rate(m[15m])", "rate(m[5000ms])"),
        ("rate(m[1m])", "rate(m[2000ms])"),
        ("m unless m offset 1h", "m unless m offset 20000ms"),
        ("max_over_time(m[1h:15m])", "max_over_time(m[20000ms:5000ms])"),
        ('m{span="15m"} > 5', 'm{span="15m"} > 5'),
        ('m{span=\'15m\', more="a\\"1h"}', 'm{span=\'15m\', more="a\\"1h"}'),
        ("m15m + job:m:rate15m + x1h > 600", "m15m + job:m:rate15m + x1h > 600"),
    ],
)
def test_ranges_and_offsets_follow_and_names_texts_and_thresholds_stay(of_production, of_a_drill):
    assert one_rule(expr=of_production)["expr"] == of_a_drill


def test_a_range_in_the_template_of_a_label_is_shortened_too():
    asks = '{{ with query "max(max_over_time(drilled[1h])) > 0" }}yes{{ end }}'
    assert one_rule(labels={"drill": asks})["labels"] == {"drill": asks.replace("1h", "20000ms")}


def test_all_else_of_productions_rules_stays_as_it_is():
    was, now = production("rules.yml"), rules(production("rules.yml"))

    def timeless(config):
        kept = ("alert", "annotations")
        found = [r for group in config["groups"] for r in group["rules"]]
        return [{**{k: r.get(k) for k in kept}, "severity": r["labels"]["severity"]} for r in found]

    assert timeless(now) == timeless(was)
    assert was == production("rules.yml"), "the input was changed"


def test_each_receiver_pages_here_and_nowhere_else():
    made = alertmanager(
        {
            "global": {"slack_api_url": "https://hooks.example/x"},
            "route": {
                "receiver": "a",
                "group_wait": "30s",
                "routes": [{"receiver": "b", "repeat_interval": "4h"}],
            },
            "inhibit_rules": [{"equal": ["job"]}],
            "receivers": [
                {
                    "name": "a",
                    "pagerduty_configs": [{"routing_key_file": "/etc/key", "severity": "critical"}],
                },
                {
                    "name": "b",
                    "slack_configs": [{"channel": "#x"}],
                    "pagerduty_configs": [{"routing_key": "real"}],
                },
                {"name": "c", "webhook_configs": [{"url": "https://example.org"}]},
            ],
        },
        **ROUTED,
    )
    here = {"routing_key_file": "/key"}
    urls = [f"{ROUTED['pager_url']}?to={name}" for name in "ab"]
    assert made["receivers"] == [
        {"name": "a", "pagerduty_configs": [{"severity": "critical", "url": urls[0], **here}]},
        {"name": "b", "pagerduty_configs": [{"url": urls[1], **here}]},
        {"name": "c"},
    ]
    assert "global" not in made
    assert made["inhibit_rules"] == [{"equal": ["job"]}]
    assert [r["group_wait"] for r in (made["route"], made["route"]["routes"][0])] == ["0s", "0s"]
    assert made["route"]["routes"][0]["repeat_interval"] == "1h"


@pytest.mark.parametrize(
    ("tool", "words", "made"),
    [
        ("promtool", ("check", "rules"), lambda: rules(production("rules.yml"))),
        ("amtool", ("check-config",), lambda: alertmanager(production("alertmanager.yml"), **ROUTED)),
    ],
)
def test_what_is_made_of_productions_files_is_taken(tmp_path, tool, words, made):
    if not shutil.which(tool):
        pytest.skip(f"{tool} IS MISSING: apt-get install prometheus prometheus-alertmanager")
    file = tmp_path / "made.json"
    file.write_text(json.dumps(made()))
    done = subprocess.run([tool, *words, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_files_are_made_by_hand_for_a_system_elsewhere(tmp_path, capsys):
    files = [str(DASHBOARDS / "rules.yml"), str(DASHBOARDS / "alertmanager.yml")]
    where = ["--pager", ROUTED["pager_url"], "--key-file", ROUTED["key_file"], "--out", str(tmp_path / "out")]
    assert cli.main(["drill-speed", *files, *where]) == 0
    made = [yaml.safe_load(Path(name).read_text()) for name in capsys.readouterr().out.splitlines()]
    assert made == [rules(production("rules.yml")), alertmanager(production("alertmanager.yml"), **ROUTED)]
    assert cli.main(["drill-speed", str(tmp_path / "none"), files[1], *where]) == 2
    assert cli.main(["drill-speed", files[1], files[0], *where]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
