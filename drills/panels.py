"""Is every panel of the dashboard fed?  Asks Prometheus what Grafana would."""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

import reports

BOARD = Path(reports.__file__).with_name("dashboards") / "zep-guard.json"
OVER = "1h"
"""What Grafana's variables for ranges stand for: a run of all drills is shorter."""
OVER_S, STEP_S = 3600.0, 5.0
"""A panel shows what was there in between, too: an application that a drill had started is gone."""
TIMEOUT_S = 10.0
FAIL, CANNOT_START = 1, 4


def main(url: str) -> int:
    """Print how many series each query has; returns 1 when one has none, 4 without a Prometheus."""
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) as client:
            found = [(title, query, numbers(client, query)) for title, query in queries()]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        sys.stderr.write(f"zep-drill: no Prometheus answers at that address ({type(error).__name__})\n")
        return CANNOT_START
    sys.stdout.write("".join(f"{count:>4} {title}\n" for title, _, count in found))
    empty = [f"no data: {title}: {query}\n" for title, query, count in found if not count]
    sys.stderr.write("".join(empty))
    return FAIL if empty else 0


def queries() -> Iterator[tuple[str, str]]:
    """Yield each panel's title with each of its queries, for all jobs."""
    for panel in json.loads(BOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], re.sub(r"\$__\w+", OVER, target["expr"]).replace("$job", ".+")


def numbers(client: httpx.Client, query: str) -> int:
    """Return how many series have had a number in the last hour.  Raises `httpx.HTTPError`."""
    now = time.time()
    asked = {"query": query, "start": str(now - OVER_S), "end": str(now), "step": str(STEP_S)}
    answer = client.post("/api/v1/query_range", data=asked).raise_for_status().json()
    return sum(
        any(math.isfinite(float(value)) for _, value in series["values"])
        for series in answer["data"]["result"]
    )
