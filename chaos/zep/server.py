"""`zep-chaos zep`: the double as a process."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from chaos import web
from chaos.zep.api import Api
from chaos.zep.ledger import Ledger
from chaos.zep.past import Past

EXAMPLE = "example: ZEP_API_KEY=k zep-chaos zep --listen 127.0.0.1:8000 --ledger zep.ndjson"


def main(argv: list[str]) -> int:
    """Serve until SIGTERM; return 2 for a mistake, told in one line."""
    about = "A double of Zep Cloud's v3 and v4 API, and of a self-hosted 0.27's."
    parser = web.Parser("zep-chaos zep", description=about, epilog=EXAMPLE)
    parser.add_argument("--listen", required=True, metavar="H:P", help="port 0 takes a free one")
    parser.add_argument("--api-key", metavar="K", help="the one key it accepts (default: ZEP_API_KEY)")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="also write the ledger here")
    parser.add_argument("--data", type=Path, metavar="FILE", help="remember everything across restarts")
    options = parser.parse_args(argv)
    try:
        key = _key(options.api_key or os.environ.get("ZEP_API_KEY", ""))
        web.run(_serve(web.split_address(options.listen), key, options.ledger, options.data))
    except (OSError, ValueError) as error:
        return web.listen_error("zep-chaos zep", error)
    return 0


def _key(key: str) -> str:
    if not key:
        raise ValueError("no key to accept: set ZEP_API_KEY or pass --api-key")
    return key


async def _serve(listen: tuple[str, int], api_key: str, file: Path | None, data: Path | None) -> None:
    ledger = Ledger(file, time.monotonic)
    past = Past(data, lambda: datetime.now(UTC).isoformat())
    try:
        server = await web.serve(Api(ledger, past, api_key), *listen)
        web.ready("zep", listen=server.address)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await server.close()
    finally:
        ledger.close()
        past.close()
