"""The local stack: Redis, Zep double, HTTP gateway and Toxiproxy as processes of their own, on loopback.

assistant -> Toxiproxy proxy `zep` -> gateway -> Zep double
assistant -> Toxiproxy proxy `redis` -> Redis
"""

from __future__ import annotations

import contextlib
import http.client
import secrets
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chaos.injectors import InjectorError
from chaos.injectors.double import Double
from chaos.injectors.l7 import Gateway
from chaos.injectors.processes import Processes
from chaos.injectors.redis import RedisServer as RedisCommands
from chaos.stack import redis_server, toxiproxy_server, undo
from chaos.stack.failover import REPLICA, RedisPair
from chaos.stack.injector import StackInjector
from chaos.stack.keeper import KeeperError
from chaos.stack.machine import LocalMachine, Part
from chaos.stack.readiness import Server, StackError, launch

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from chaos.injectors.l4 import L4
    from chaos.stack.keeper import Keeper

__all__ = ["Endpoints", "LocalStack", "StackError"]

ANY_PORT = "127.0.0.1:0"
CHECK_TIMEOUT_S = 5.0
NEWEST_FIRST = ("gateway", REPLICA, redis_server.NAME, "zep", toxiproxy_server.NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where everything is.  `zep_url` (its APIs are below it) and `redis_url` lead through Toxiproxy."""

    zep_url: str
    zep_direct_url: str
    zep_proxy: str
    redis_url: str
    redis_direct_url: str
    redis_proxy: str
    gateway_admin: str
    toxiproxy_url: str
    ledger: Path
    versions: dict[str, str]
    machine: LocalMachine
    injector: StackInjector


class LocalStack:
    """Lives in ``folder/stack``, which is gone after `down`; `api_key` is the one key the double accepts.

    Its processes belong to `keeper`, so they end with it even when we are killed.  On a Toxiproxy that was
    there before us only our own two proxies are made and removed.
    """

    def __init__(self, folder: Path, keeper: Keeper, *, api_key: str) -> None:
        self._folder = folder.resolve() / "stack"
        self._made_parent = not folder.exists()
        self._keeper = keeper
        self._api_key = api_key
        self._run = secrets.token_hex(3)  # keeps two stacks on one Toxiproxy apart
        self._shared: L4 | None = None
        self._machine = LocalMachine(keeper)

    def __enter__(self) -> Endpoints:
        return self.up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> Endpoints:
        """Start everything, side by side where nothing depends on it.

        Raises `StackError`, one line; then nothing is left running.
        """
        try:
            return self._up()
        except (InjectorError, KeeperError) as error:
            self.down()
            raise StackError(str(error)) from error
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End what was started, newest first, and remove the folder.  Twice is fine."""
        if self._shared:
            self._remove_proxies(self._shared)
        for name in NEWEST_FIRST:
            with contextlib.suppress(KeeperError):  # never started; or the keeper is gone, and took it along
                self._keeper.stop(name)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._disarm("folder")
        if self._made_parent:
            with contextlib.suppress(OSError):  # somebody else put something there
                self._folder.parent.rmdir()

    def _up(self) -> Endpoints:
        redis = redis_server.RedisServer(self._keeper, self._folder, redis_server.find_binary())
        toxiproxy = toxiproxy_server.choose(self._keeper, self._folder)
        self._make_folder()
        toxiproxy.launch()
        zep = self._launch_zep()
        redis.launch()
        zep_address = zep.ready_line()["listen"]
        gateway = self._launch_gateway(zep_address)
        redis_version = redis.wait()
        self._know(zep, gateway, redis)
        l4 = toxiproxy.wait()
        self._shared = l4 if toxiproxy.shared_url else None
        listen, admin = gateway.ready_line()["listen"], f"http://{gateway.ready_line()['admin']}"
        redis_url = f"redis://127.0.0.1:{redis.port}/0"
        endpoints = Endpoints(
            zep_url=f"http://{self._proxy(l4, 'zep', listen)}",
            zep_direct_url=f"http://{zep_address}",
            zep_proxy=self._proxy_name("zep"),
            redis_url=f"redis://{self._proxy(l4, 'redis', f'127.0.0.1:{redis.port}')}/0",
            redis_direct_url=redis_url,
            redis_proxy=self._proxy_name("redis"),
            gateway_admin=admin,
            toxiproxy_url=toxiproxy.url,
            ledger=self._ledger,
            versions={
                "redis": redis_version,
                "toxiproxy": f"{toxiproxy.kind} {l4.version()}",
                "gateway": _gateway_version(admin),
            },
            machine=self._machine,
            injector=StackInjector(
                Processes(self._machine),
                RedisCommands(redis_url),
                RedisPair(redis, l4, self._proxy_name("redis"), self._machine),
                Double(f"http://{zep_address}"),
            ),
        )
        self._check(endpoints)
        return endpoints

    @property
    def _ledger(self) -> Path:
        return self._folder / "zep-ledger.ndjson"

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise StackError(f"cannot make the folder {self._folder}: {error.strerror}") from error
        self._keeper.arm(self._undo_key("folder"), undo.tree(self._folder))

    def _launch_zep(self, listen: str = ANY_PORT) -> Server:
        data = str(self._folder / "zep-data.ndjson")
        argv = _zep_chaos("zep", "--listen", listen, "--ledger", str(self._ledger), "--data", data)
        return launch(self._keeper, "zep", argv, self._folder, env={"ZEP_API_KEY": self._api_key})

    def _launch_gateway(self, zep: str, listen: str = ANY_PORT, admin: str = ANY_PORT) -> Server:
        argv = _zep_chaos("gateway", "--listen", listen, "--upstream", f"http://{zep}", "--admin", admin)
        return launch(self._keeper, "gateway", argv, self._folder)

    def _know(self, zep: Server, gateway: Server, redis: redis_server.RedisServer) -> None:
        """What is killed in a drill is started again at the address it had."""
        at, there = zep.ready_line()["listen"], gateway.ready_line()
        self._machine.add(Part(zep, lambda: self._launch_zep(at), Server.ready_line))
        listen, admin = there["listen"], there["admin"]
        self._machine.add(Part(gateway, lambda: self._launch_gateway(at, listen, admin), Server.ready_line))
        assert redis.server is not None  # noqa: S101 - it was waited for
        self._machine.add(Part(redis.server, redis.start, redis.ready))

    def _proxy_name(self, of: str) -> str:
        return f"{of}-{self._run}" if self._shared else of

    def _proxy(self, l4: L4, of: str, upstream: str) -> str:
        name = self._proxy_name(of)
        if self._shared:
            self._keeper.arm(self._undo_key(name), undo.l4_proxy(l4.url, name))
        return l4.create(name, upstream)

    def _remove_proxies(self, l4: L4) -> None:
        for name in (self._proxy_name("redis"), self._proxy_name("zep")):
            with contextlib.suppress(InjectorError):  # stays armed: the keeper tries once more, and reports
                l4.remove(name)
                self._disarm(name)

    def _undo_key(self, of: str) -> str:
        return f"stack-{self._run}-{of}"

    def _disarm(self, of: str) -> None:
        with contextlib.suppress(KeeperError):
            self._keeper.disarm(self._undo_key(of))

    def _check(self, endpoints: Endpoints) -> None:
        """Ask Redis and Zep through Toxiproxy: one that runs elsewhere cannot reach our loopback."""
        address = urlsplit(endpoints.redis_url)
        if (
            not address.hostname
            or not address.port
            or not redis_server.version(address.hostname, address.port)
        ):
            raise StackError(f"Redis does not answer through the Toxiproxy at {endpoints.toxiproxy_url}")
        status = _status_of(f"{endpoints.zep_url}/api/v4/project", self._api_key)
        if status != http.client.OK:
            raise StackError(f"Zep answers {status} through the Toxiproxy at {endpoints.toxiproxy_url}")


def _zep_chaos(*words: str) -> list[str]:
    return [sys.executable, "-m", "chaos.cli", *words]


def _gateway_version(admin_url: str) -> str:
    with contextlib.closing(Gateway(admin_url)) as gateway:
        return gateway.version()


def _status_of(url: str, api_key: str) -> int | str:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=CHECK_TIMEOUT_S)
    with contextlib.closing(connection):
        try:
            connection.request("GET", address.path, headers={"Authorization": f"Api-Key {api_key}"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return "nothing"
