"""The stack's Toxiproxy: a running one (TOXIPROXY_URL), else the server on PATH, else the embedded one."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos.injectors import InjectorError
from chaos.injectors.l4 import L4
from chaos.stack.readiness import DiedError, Server, StackError, free_port, launch

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.stack.keeper import Keeper

NAME = "toxiproxy"
TRIES = 5
ANSWER_TIMEOUT_S = 0.25  # asked again until the start's deadline


@dataclass(slots=True)
class ToxiproxyServer:
    """`launch` returns at once, `wait` when it answers.  `shared`: it was there before us and stays."""

    keeper: Keeper
    folder: Path
    shared_url: str | None
    binary: str | None
    url: str = ""
    server: Server | None = None

    @property
    def kind(self) -> str:
        if self.shared_url:
            return "running"
        return "toxiproxy-server" if self.binary else "embedded"

    def launch(self) -> None:
        if self.shared_url:
            self.url = self.shared_url
        elif self.binary:
            port = free_port()
            self.url = f"http://127.0.0.1:{port}"
            argv = [self.binary, "-host", "127.0.0.1", "-port", str(port)]
            self.server = launch(self.keeper, NAME, argv, self.folder)
        else:
            argv = [sys.executable, "-m", "chaos.toxiproxy.server", "--host", "127.0.0.1", "--port", "0"]
            self.server = launch(self.keeper, NAME, argv, self.folder)

    def wait(self) -> L4:
        """Returns a client for it; raises `StackError`."""
        if self.shared_url:
            return _running(self.shared_url)
        if self.binary:
            return self._binary_ready()
        assert self.server is not None  # noqa: S101 - launch comes first
        self.url = f"http://{self.server.ready_line()['listen']}"
        return L4(self.url)

    def _binary_ready(self) -> L4:
        for _ in range(TRIES):
            assert self.server is not None  # noqa: S101 - launch comes first
            client = L4(self.url, timeout_s=ANSWER_TIMEOUT_S)
            try:
                self.server.until(lambda: _version(client))  # noqa: B023 - used now
            except DiedError as error:
                if "in use" not in str(error):
                    raise
                self.launch()
            else:
                return L4(self.url)
        raise StackError(f"toxiproxy-server lost the race for a free port {TRIES} times: try again")


def choose(keeper: Keeper, folder: Path) -> ToxiproxyServer:
    """Read TOXIPROXY_URL and PATH."""
    url = os.environ.get("TOXIPROXY_URL", "").strip().rstrip("/") or None
    return ToxiproxyServer(keeper, folder, shared_url=url, binary=shutil.which("toxiproxy-server"))


def _running(url: str) -> L4:
    try:
        client = L4(url)
        client.version()
    except InjectorError as error:
        raise StackError(
            f"no Toxiproxy answers at {url} (from TOXIPROXY_URL): "
            "start it, or unset TOXIPROXY_URL to use the embedded one"
        ) from error
    return client


def _version(client: L4) -> str | None:
    try:
        return client.version()
    except InjectorError:
        return None
