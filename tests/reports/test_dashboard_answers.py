"""What Grafana would ask: a real Prometheus that scrapes real guards answers every panel."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess

import httpx
import pytest
from awaiting import eventually
from busy_guards import Busy, scraped
from ports import free_port
from redis_kinds import servers

from reports.dashboards.generate import FILE

TARGETS = [
    (panel["title"], target)
    for panel in json.loads(FILE.read_text())["panels"]
    for target in panel["targets"]
]
VALUES = {"$__rate_interval": "5s", "$__range": "10m", "$job": ".+"}


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Ask Prometheus, while things happen to the guards."""
    if not shutil.which("prometheus"):
        told = "NO PANEL WAS ASKED: prometheus is missing: apt-get install prometheus"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    with servers("plain") as redis:
        busy = Busy(redis.url)
        try:
            with scraped(busy) as addresses:
                yield from prometheus(tmp_path_factory.mktemp("prometheus"), addresses, busy)
        finally:
            busy.close()


def prometheus(folder, addresses, busy):
    scrape = {"job_name": "chat", "static_configs": [{"targets": addresses}]}
    config = {"global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"}, "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    at = f"127.0.0.1:{free_port()}"
    here = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"]  # Debian's default is /var/lib
    argv = ["prometheus", *here, f"--web.listen-address={at}"]
    with (folder / "log").open("w") as log, httpx.Client(trust_env=False) as client:
        server = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log)
        try:

            def answer(query):
                busy.happen()
                try:
                    told = client.post(f"http://{at}/api/v1/query", data={"query": query})
                except httpx.TransportError:  # not up yet
                    return []
                assert told.status_code != 400, told.text
                return told.json()["data"]["result"] if told.is_success else []

            yield answer
        finally:
            server.terminate()
            server.wait(10)


@pytest.mark.parametrize(("title", "target"), TARGETS, ids=[f"{t} {e['refId']}" for t, e in TARGETS])
def test_a_panel_gets_numbers_and_the_labels_of_its_legend(ask, title, target):
    query = re.sub(r"\$\w+", lambda name: VALUES[name[0]], target["expr"])
    legend = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))

    least = 0.5 if "increase" in query else 0  # something happened once, before the first scrape: it counts

    def shown():
        values = [(float(one["value"][1]), one["metric"].keys()) for one in ask(query)]
        numbers = [(value, labels) for value, labels in values if math.isfinite(value)]
        return any(v >= least for v, _ in numbers) and all(legend <= labels for _, labels in numbers)

    eventually(shown, within_s=30)


def test_the_panel_of_modes_counts_each_guard_once(ask):
    (query,) = [target["expr"] for title, target in TARGETS if title == "Memory Mode (Current)"]
    counted = f"sum({query.replace('$job', 'chat')})"
    eventually(lambda: [one["value"][1] for one in ask(counted)] == ["5"], within_s=30)
