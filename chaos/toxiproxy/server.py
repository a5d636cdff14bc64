"""`zep-chaos toxiproxy`: the server process."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos import web
from chaos.allowed import on_loopback
from chaos.toxiproxy.api import Api
from chaos.toxiproxy.collection import Collection
from chaos.toxiproxy.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = "TOXIPROXY_TOKEN"  # noqa: S105 - the variable's name
ASK = f"set {TOKEN} to what the API shall ask for, or give --open, as Toxiproxy itself always is"
EXAMPLE = "example: zep-chaos toxiproxy --host 127.0.0.1 --port 8474"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns an exit code."""
    options = parser().parse_args(argv)
    where = f"{options.host}:{options.port}"
    token = os.environ.get(TOKEN, "")
    if not (on_loopback(options.host) or token or options.open):
        sys.stderr.write(f"zep-chaos toxiproxy: --host {options.host} is not on loopback: {ASK}\n")
        return 2
    allow_many_connections()
    try:
        proxies = configured(options.config)
        web.run(serve(*web.split_address(where), proxies, options, token))
    except (ApiError, ConfigError) as error:
        sys.stderr.write(f"zep-chaos toxiproxy: {options.config}: {error}\n")
        return 2
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        sys.stderr.write(f"zep-chaos toxiproxy: cannot listen on {where}: {why}\n")
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zep-chaos toxiproxy",
        description="A TCP proxy with faults, driven by Toxiproxy 2.12's HTTP API.",
        epilog=EXAMPLE,
    )

    def flag(name: str, **options: Any) -> None:
        """Toxiproxy is started with Go's flags, one dash: a start script of its users works here too."""
        parser.add_argument(f"--{name}", f"-{name}", **options)

    flag("host", default="127.0.0.1", help="address of the API (default: %(default)s)")
    flag("port", default="8474", help="0 takes a free one (default: %(default)s)")
    flag("config", metavar="FILE", type=Path, help="a JSON list of proxies to begin with")
    flag("proxy-metrics", action="store_true", help="serve /metrics")
    flag("seed", type=int, help="of toxicity and jitter (default: another one each time)")
    flag("open", action="store_true", help=f"ask nobody for {TOKEN}, wherever it listens")
    flag("strict", action="store_true", help="refuse toxics with values that make no sense")
    return parser


class ConfigError(Exception):
    """The config file cannot be used; one line."""


def configured(file: Path | None) -> list[dict[str, Any]]:
    """Return the proxies of a config file."""
    if file is None:
        return []
    try:
        proxies = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(getattr(error, "strerror", None) or str(error)) from None
    if not isinstance(proxies, list) or not all(isinstance(proxy, dict) for proxy in proxies):
        raise ConfigError("give a JSON list of proxies")
    return proxies


async def serve(
    host: str, port: int, proxies: list[dict[str, Any]], options: argparse.Namespace, token: str
) -> None:
    """Print the ready line and serve until cancelled."""
    collection = Collection(random.Random(options.seed))  # noqa: S311 - toxicity is no secret
    await collection.populate(proxies)
    api = Api(collection, metrics=options.proxy_metrics, strict=options.strict, token=token)
    server = await web.serve(api, host, port)
    web.ready("toxiproxy", listen=server.address)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await collection.close()
        await server.close()


def allow_many_connections() -> None:
    """Each relayed connection costs two file descriptors, and the soft limit is often 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
