"""`zep-chaos gateway`: the data plane and the admin API in one process."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from urllib.parse import urlsplit

from chaos import web
from chaos.allowed import on_loopback
from chaos.gateway.admin import Admin
from chaos.gateway.downstream import Client
from chaos.gateway.floor import Floor
from chaos.gateway.log import Log
from chaos.gateway.rules import Rules
from chaos.gateway.upstream import Pool

TOKEN = "GATEWAY_ADMIN_TOKEN"  # noqa: S105 - the variable's name
PORTS = {"http": 80, "https": 443}
SWEEP_S = 0.1
"""How long after its lease a fault may hold a client."""

EXAMPLE = (
    "example: zep-chaos gateway --listen 127.0.0.1:0 --upstream http://127.0.0.1:80 --admin 127.0.0.1:8475"
)


def main(argv: list[str]) -> int:
    """Serve until SIGTERM; return 2 for a mistake, told in one line."""
    parser = web.Parser("zep-chaos gateway", description="An HTTP proxy with faults.", epilog=EXAMPLE)
    parser.add_argument(
        "--listen", required=True, metavar="H:P", help="where clients connect; port 0 takes a free one"
    )
    parser.add_argument(
        "--upstream", required=True, metavar="URL", help="http:// or https:// address that is forwarded to"
    )
    parser.add_argument(
        "--admin",
        required=True,
        metavar="H:P",
        help=f"the admin API, with {TOKEN} if not on loopback",
    )
    options = parser.parse_args(argv)
    try:
        token = os.environ.get(TOKEN, "")
        listen, admin = web.split_address(options.listen), _admin(options.admin, token)
        web.run(_serve(_upstream(options.upstream), listen, admin, token))
    except (OSError, ValueError) as error:
        return web.listen_error("zep-chaos gateway", error)
    return 0


async def _serve(pool: Pool, listen: tuple[str, int], admin: tuple[str, int], token: str) -> None:
    floor = Floor(Rules(), Log(time.monotonic, time.time), pool, time.monotonic)
    data = await web.listen(lambda: Client(floor), *listen)
    try:
        api = await web.serve(Admin(floor.rules, floor.log, floor.now, token), *admin)
        web.ready("gateway", listen=web.address_of(data), admin=api.address)
        try:
            await _sweep(floor)
        finally:
            await api.close()
    finally:
        data.close()
        floor.close()


async def _sweep(floor: Floor) -> None:
    while True:
        await asyncio.sleep(SWEEP_S)
        floor.sweep()


def _upstream(url: str) -> Pool:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query:
        raise ValueError(f"--upstream {url!r} is not usable: give http://HOST:PORT or https://HOST")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return Pool(host, port or PORTS[parts.scheme], time.monotonic, tls)


def _admin(text: str, token: str) -> tuple[str, int]:
    """Return the admin API's address; whoever reaches it can break what is behind the gateway."""
    host, port = web.split_address(text)
    if not on_loopback(host) and not token:
        raise ValueError(f"--admin {text} is not on loopback: set {TOKEN} to what the API shall ask for")
    return host, port
