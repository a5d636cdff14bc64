"""`zep-chaos toxiproxy`: the server process."""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import sys
from typing import TYPE_CHECKING

from chaos import web
from chaos.toxiproxy.api import Api
from chaos.toxiproxy.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "example: zep-chaos toxiproxy --host 127.0.0.1 --port 8474"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns an exit code."""
    options = parser().parse_args(argv)
    where = f"{options.host}:{options.port}"
    allow_many_connections()
    try:
        web.run(serve(*web.split_address(where)))
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
    parser.add_argument("--host", default="127.0.0.1", help="address of the API (default: %(default)s)")
    parser.add_argument("--port", default="8474", help="0 takes a free one (default: %(default)s)")
    return parser


async def serve(host: str, port: int) -> None:
    """Print the ready line and serve until cancelled."""
    collection = Collection(random.Random())  # noqa: S311 - toxicity is no secret
    server = await web.serve(Api(collection), host, port)
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
