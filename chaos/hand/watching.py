"""`zep-chaos watch`: what the gateway lets pass and what its faults hit, live."""

from __future__ import annotations

import sys
import time
from collections import deque
from contextlib import closing
from typing import Any

from chaos.hand.options import add_servers, duration_s
from chaos.injectors import InjectorError
from chaos.web import Parser

EXAMPLE = "example: zep-chaos watch --gateway http://127.0.0.1:8475"
EVERY_S = 0.25
LATEST = 15


def main(argv: list[str]) -> int:
    """Follow the log until Ctrl-C, or for `--for`: a live table on a terminal, else a line a request."""
    parser = Parser("zep-chaos watch", description="Follow the gateway live.", epilog=EXAMPLE)
    parser.add_argument("--for", dest="for_s", type=duration_s, metavar="60s", help="default: until Ctrl-C")
    add_servers(parser)
    options = parser.parse_args(argv)
    from chaos.injectors.l7 import Gateway  # noqa: PLC0415 - httpx takes 0.1 s

    until = time.monotonic() + (options.for_s or float("inf"))
    try:
        with closing(Gateway(options.gateway)) as gateway:
            (_live if sys.stdout.isatty() else _lines)(gateway, until)
    except InjectorError as error:
        sys.stderr.write(f"zep-chaos watch: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _lines(gateway: Any, until: float) -> None:
    seen = 0
    while True:
        for entry in gateway.log(after=seen):
            seen = entry["n"]
            sys.stdout.write(_line(entry) + "\n")
        sys.stdout.flush()
        if time.monotonic() >= until:
            return
        time.sleep(EVERY_S)


def _live(gateway: Any, until: float) -> None:
    from rich.live import Live  # noqa: PLC0415 - for a terminal only

    latest: deque[dict[str, Any]] = deque(maxlen=LATEST)
    seen = 0
    with Live(refresh_per_second=1 / EVERY_S) as live:
        while time.monotonic() < until:
            for entry in gateway.log(after=seen):
                seen = entry["n"]
                latest.append(entry)
            hits = {name: gateway.hits(name) for name in gateway.active()}
            live.update(_table(latest, seen, hits))
            time.sleep(EVERY_S)


def _table(latest: deque[dict[str, Any]], seen: int, hits: dict[str, int]) -> Any:
    from rich.table import Table  # noqa: PLC0415 - for a terminal only

    faults = ", ".join(f"{name}: {times} hits" for name, times in hits.items()) or "no fault in place"
    table = Table(title=f"{seen} requests; {faults}")
    for column in ("request", "status", "fault", "zep ms"):
        table.add_column(column)
    for entry in latest:
        status = "" if entry["status"] is None else str(entry["status"])
        style = "red" if entry["fault"] else None
        upstream = "" if entry["upstream_ms"] is None else f"{entry['upstream_ms']:.1f}"
        request = f"{entry['method']} {entry['path']}"
        table.add_row(request, status, entry["fault"] or "", upstream, style=style)
    return table


def _line(entry: dict[str, Any]) -> str:
    status = "-" if entry["status"] is None else entry["status"]
    hit = f"  fault {entry['fault']}" if entry["fault"] else ""
    return f"{entry['n']:>7}  {entry['method']} {entry['path']}  {status}{hit}"
