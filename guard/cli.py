"""`zep-mode`: the operations command without Django."""

from __future__ import annotations

import argparse
import os
import sys

from guard.errors import GuardError, SettingsError
from guard.operations import EXAMPLE, Fleet, add_arguments, run


def main(argv: list[str] | None = None) -> int:
    """Run one verb against the fleet's Redis; return the exit code."""
    parser = argparse.ArgumentParser(
        "zep-mode",
        description="Show or change the fleet's memory mode.",
        epilog=EXAMPLE.format(prog="zep-mode"),
    )
    add_arguments(parser)
    parser.add_argument(
        "--redis", metavar="URL", help="the fleet's Redis (default: GUARD_REDIS_URL or REDIS_URL)"
    )
    options = vars(parser.parse_args(argv))
    try:
        _act(options)
    except GuardError as error:
        sys.stderr.write(f"zep-mode: {error}\n")
        return 2
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _act(options: dict[str, object]) -> None:
    from guard.settings import Settings  # noqa: PLC0415 - --help answers without these
    from guard.wiring import open_hands  # noqa: PLC0415

    environ = dict(os.environ)
    if options["redis"]:
        environ["GUARD_REDIS_URL"] = str(options["redis"])
    settings = Settings.from_env(environ)
    if not settings.redis_url:
        raise SettingsError("no Redis given: pass --redis URL or set GUARD_REDIS_URL")
    hands = open_hands(settings)
    try:
        run(options, Fleet(hands.store, hands.cache, settings, hands.outbox), _say)
    finally:
        hands.close()
