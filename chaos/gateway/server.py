"""`zep-chaos gateway`: the data plane and the admin API in one process."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from urllib.parse import urlsplit

from chaos import web
from chaos.gateway.admin import Admin
from chaos.gateway.downstream import Client, Floor
from chaos.gateway.log import Log
from chaos.gateway.rules import Rules
from chaos.gateway.upstream import Pool

EXAMPLE = (
    "example: zep-chaos gateway --listen 127.0.0.1:0 --upstream http://127.0.0.1:80 --admin 127.0.0.1:8475"
)


def main(argv: list[str]) -> int:
    """Serve until SIGTERM; return 2 for a mistake, told in one line."""
    parser = argparse.ArgumentParser(
        "zep-chaos gateway", description="An HTTP proxy with faults.", epilog=EXAMPLE
    )
    parser.add_argument(
        "--listen", required=True, metavar="H:P", help="where clients connect; port 0 takes a free one"
    )
    parser.add_argument(
        "--upstream", required=True, metavar="URL", help="http:// address that is forwarded to"
    )
    parser.add_argument("--admin", required=True, metavar="H:P", help="the admin API, on loopback")
    options = parser.parse_args(argv)
    try:
        pool = Pool(*_upstream(options.upstream))
        listen, admin = web.split_address(options.listen), web.split_address(options.admin)
        web.run(_serve(pool, listen, admin))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        sys.stderr.write(f"zep-chaos gateway: {why}; see --listen {options.listen} --admin {options.admin}\n")
        return 2
    return 0


async def _serve(pool: Pool, listen: tuple[str, int], admin: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    rules = Rules()
    floor = Floor(rules, Log(time.monotonic, time.time), pool, time.monotonic)
    data = await loop.create_server(lambda: Client(floor), *listen, backlog=1024)
    api = await web.serve(Admin(rules, floor.log, floor.now), *admin)
    host, port = data.sockets[0].getsockname()[:2]
    web.ready("gateway", listen=f"{host}:{port}", admin=api.address)
    try:
        await loop.create_future()
    finally:
        data.close()
        for client in list(floor.connections):
            client.drop()
        pool.close()
        await api.close()


def _upstream(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
        raise ValueError(
            f"--upstream {url!r} is not usable: give http://HOST:PORT (https is not supported yet)"
        )
    return parts.hostname, parts.port or 80
