"""Toxiproxy through toxiproxy-python, plus what that client lacks.

It keeps host and port in class globals, calls without a timeout, lets every 5xx pass for success and knows
no way out when the server's control API hangs.  Here each instance drives a private copy of the client with
an address of its own, every call has a timeout, every failure is one line, and a heal that gets no answer
deletes the proxy and creates it again (which Toxiproxy does at once even while a toxic's delete hangs).
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from chaos.faults import Down, Toxic
from chaos.injectors import InjectorError, reachable
from chaos.toxiproxy.chain import placed
from chaos.toxiproxy.errors import ApiError
from chaos.toxiproxy.strict import nonsense

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

DRILL_PREFIX = "drill-"
SIGNATURE = "noop"
"""A proxy that is switched off carries a toxic that does nothing: its name tells whose fault it is."""
_copies = itertools.count(1)


class L4:
    """One Toxiproxy server at `url` (``http://host:port``); each call gives up after `timeout_s` seconds.

    Raises `InjectorError`, one line that names the address, from every method.
    A server that asks for a token gets TOXIPROXY_TOKEN, which is read from the environment.
    """

    def __init__(self, url: str, *, timeout_s: float = 2.0) -> None:
        self.url = reachable(url).rstrip("/")
        self.timeout_s = timeout_s
        self.token = os.environ.get("TOXIPROXY_TOKEN", "")
        self._client = _private_client(self.url, self)
        self._known: dict[str, dict[str, str]] = {}

    def version(self) -> str:
        with self._explained("version"):
            return str(self._get("/version")["version"])

    # proxies

    def create(self, name: str, upstream: str, listen: str = "127.0.0.1:0") -> str:
        """Make a proxy; returns the address it listens on (port 0 asks for a free one)."""
        with self._explained(f"create proxy {name}"):
            proxy = self._client.Toxiproxy().create(upstream=upstream, name=name, listen=listen)
            self._known[name] = {"listen": proxy.listen, "upstream": proxy.upstream}
            return str(proxy.listen)

    def remove(self, name: str) -> None:
        """Remove a proxy and its connections; one that is not there is fine."""
        with self._explained(f"remove proxy {name}"):
            self._delete(f"/proxies/{name}")
            self._known.pop(name, None)

    def learn(self, name: str) -> None:
        """Remember where a proxy listens and leads, which cannot be asked once its control API hangs."""
        with self._explained(f"read proxy {name}"):
            proxy = self._get(f"/proxies/{name}")
            self._known[name] = {"listen": proxy["listen"], "upstream": proxy["upstream"]}

    def redirect(self, name: str, upstream: str) -> None:
        """Have a proxy lead somewhere else; its connections are dropped."""
        with self._explained(f"redirect proxy {name}"):
            self._client.api.APIConsumer.post(f"/proxies/{name}", json={"upstream": upstream})
            self._known[name] = {"listen": self._get(f"/proxies/{name}")["listen"], "upstream": upstream}

    # faults

    def apply(self, name: str, fault: Toxic | Down) -> None:
        """Put `fault` on its proxy; a toxic is called `name`, and its values must make sense."""
        toxic = Toxic(proxy=fault.proxy, type=SIGNATURE) if isinstance(fault, Down) else fault
        action = f"apply {fault.kind} to proxy {fault.proxy}"
        if why := _nonsense(toxic):
            raise InjectorError(f"Toxiproxy at {self.url}: cannot {action}: {why}")
        if fault.proxy not in self._known:
            self.learn(fault.proxy)
        with self._explained(action):
            self._proxy(fault.proxy).add_toxic(
                name=name,
                type=toxic.type,
                stream=toxic.stream,
                toxicity=toxic.toxicity,
                attributes=toxic.attributes,
            )
            if isinstance(fault, Down):
                self._proxy(fault.proxy).disable()

    def heal(self, name: str, fault: Toxic | Down) -> None:
        """Undo `apply`; what is already healed, or gone with its proxy, is fine."""
        try:
            with self._explained(f"heal {fault.kind} on proxy {fault.proxy}"):
                self._undo(name, fault)
        except InjectorError:
            if fault.proxy not in self._known:
                raise
            self._recreate(fault.proxy)

    def active(self) -> list[str]:
        """Toxics by name over all proxies, and ``down:<proxy>`` for each one that is switched off."""
        with self._explained("list proxies"):
            proxies = self._get("/proxies").values()
        toxics = [toxic["name"] for proxy in proxies for toxic in proxy["toxics"]]
        return sorted(toxics + [f"down:{proxy['name']}" for proxy in proxies if not proxy["enabled"]])

    def in_force(self, name: str, fault: Toxic | Down) -> bool:
        """Tell whether a fault is in place, or half of it."""
        signs = {name} | ({f"down:{fault.proxy}"} if isinstance(fault, Down) else set())
        return bool(signs & set(self.active()))

    def sweep(self) -> list[str]:
        """Undo what a dead drill left (``drill-*``), proxies it switched off included; returns the names."""
        with self._explained("sweep"):
            proxies = self._get("/proxies").values()
        left = [
            (proxy, t) for proxy in proxies for t in proxy["toxics"] if t["name"].startswith(DRILL_PREFIX)
        ]
        for proxy, toxic in left:
            self._known[proxy["name"]] = {"listen": proxy["listen"], "upstream": proxy["upstream"]}
            down = toxic["type"] == SIGNATURE and not proxy["enabled"]
            where = proxy["name"]
            self.heal(toxic["name"], Down(proxy=where) if down else Toxic(proxy=where, type=toxic["type"]))
        return sorted(toxic["name"] for _, toxic in left)

    def reset(self) -> None:
        """Enable every proxy and remove every toxic."""
        with self._explained("reset"):
            self._client.Toxiproxy().reset()

    def _undo(self, name: str, fault: Toxic | Down) -> None:
        if isinstance(fault, Down):
            with suppress(self._client.exceptions.NotFound):
                self._proxy(fault.proxy).enable()
        self._delete(f"/proxies/{fault.proxy}/toxics/{name}")

    def _recreate(self, proxy: str) -> None:
        with self._explained(f"recreate proxy {proxy}"):
            self._delete(f"/proxies/{proxy}")
            self._client.api.APIConsumer.post("/proxies", json={"name": proxy, **self._known[proxy]})

    # the client

    def _proxy(self, name: str) -> Any:
        known = self._known.get(name, {"listen": "", "upstream": ""})
        return self._client.proxy.Proxy(name=name, enabled=True, **known)

    def _get(self, path: str) -> Any:
        return self._client.api.APIConsumer.get(path).json()

    def _delete(self, path: str) -> None:
        try:
            self._client.api.APIConsumer.delete(path)
        except self._client.exceptions.NotFound:
            return

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        refused = self._client.exceptions
        try:
            yield
        except (refused.NotFound, refused.ProxyExists, refused.InvalidToxic) as error:
            raise InjectorError(f"Toxiproxy at {self.url}: cannot {action}: {_words(error)}") from error
        except requests.Timeout as error:
            wait = f"no answer within {self.timeout_s:g} s"
            raise InjectorError(f"Toxiproxy at {self.url}: cannot {action}: {wait}") from error
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise InjectorError(f"Toxiproxy at {self.url}: cannot {action}: {_trouble(error)}") from error


class _Calls:
    """Stands where toxiproxy-python expects `requests`: adds the timeout and takes a 5xx for what it is.

    The environment's HTTP proxies are not asked: a control API is reached directly.
    """

    def __init__(self, owner: L4) -> None:
        self._owner = owner

    def get(self, **arguments: Any) -> requests.Response:
        return self._call("GET", arguments)

    def post(self, **arguments: Any) -> requests.Response:
        return self._call("POST", arguments)

    def delete(self, **arguments: Any) -> requests.Response:
        return self._call("DELETE", arguments)

    def _call(self, method: str, arguments: dict[str, Any]) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            if self._owner.token:
                session.headers["Authorization"] = f"Bearer {self._owner.token}"
            answer = session.request(method, timeout=self._owner.timeout_s, **arguments)
        if answer.status_code == 401 or answer.status_code >= 500:  # noqa: PLR2004 - server errors
            raise requests.HTTPError(f"{answer.status_code}, {_message(answer.text)}", response=answer)
        return answer


def _nonsense(fault: Toxic) -> str | None:
    body = {"type": fault.type, "stream": fault.stream, "toxicity": fault.toxicity}
    try:
        return nonsense(placed({**body, "attributes": fault.attributes}), fault.attributes)
    except ApiError as error:
        return error.message


def _private_client(url: str, owner: L4) -> ModuleType:
    """A copy of toxiproxy-python whose class globals are this instance's own."""
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname:
        raise InjectorError(f"{url!r} is not the address of a Toxiproxy: give http://host:port")
    source = importlib.util.find_spec("toxiproxy")
    if source is None or source.origin is None:
        raise InjectorError("toxiproxy-python is not installed: pip install toxiproxy-python")
    name = f"_toxiproxy_{next(_copies)}"
    spec = importlib.util.spec_from_file_location(name, source.origin)
    assert spec is not None  # noqa: S101 - a file that exists has a spec
    assert spec.loader is not None  # noqa: S101 - and a loader
    copy = importlib.util.module_from_spec(spec)
    sys.modules[name] = copy  # its relative imports look here
    try:
        spec.loader.exec_module(copy)
    finally:
        for module in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[module]
    copy.api.requests = _Calls(owner)
    host = f"[{address.hostname}]" if ":" in address.hostname else address.hostname
    copy.Toxiproxy().update_api_consumer(host, address.port or 8474)
    return copy


def _words(error: Exception) -> str:
    """The server's own message; the client hands over the raw body."""
    body = error.args[0] if error.args else ""
    return _message(body.decode(errors="replace") if isinstance(body, bytes) else str(body))


def _message(body: str) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return " ".join(body.split())[:200] or "no reason given"


def _trouble(error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        return "nothing answers there"
    if isinstance(error, requests.HTTPError):
        return str(error)
    return f"its answer makes no sense ({type(error).__name__})"
