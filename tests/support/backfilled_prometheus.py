"""Debian's Prometheus over the canaries' histories: a fixture for whoever imports it."""

from __future__ import annotations

import shutil
import subprocess

import httpx
import pytest
from awaiting import eventually
from ports import free_port

from tests.drills.canary.histories import openmetrics


def answers(url):
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory):
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip("NO CANARY WAS TESTED: prometheus and promtool are missing: apt-get install prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "histories.om").write_text(openmetrics())
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "histories.om", "data"]
    subprocess.run(backfill, cwd=folder, check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("global: {}\n")
    at = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={at}",
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: answers(f"http://{at}"), within_s=30)
            yield f"http://{at}"
        finally:
            server.terminate()
            server.wait(10)
