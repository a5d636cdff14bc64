"""The published Node client with the face of toxiproxy-python, so that one suite is driven by both."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

DRIVER = Path(__file__).parent.parent / "chaos" / "node" / "driver.cjs"


@cache
def installed() -> bool:
    """Tell whether Node finds the client: `NODE_PATH` names the folder it was installed to."""
    look = ["node", "-e", "require('toxiproxy-node-client')"]
    return (
        bool(shutil.which("node")) and not subprocess.run(look, capture_output=True, check=False).returncode
    )


class NodeToxiproxy:
    """A server, driven from a Node process that ends with the context."""

    def __init__(self, address: str) -> None:
        argv = ["node", str(DRIVER), f"http://{address}"]
        self._node = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._node.communicate()  # its input ends, and so does it

    def create(self, upstream: str, name: str, listen: str = "127.0.0.1:0") -> NodeProxy:
        return NodeProxy(self, self("create", name=name, listen=listen, upstream=upstream))

    def get_proxy(self, name: str) -> NodeProxy:
        return NodeProxy(self, self("get", name=name))

    def populate(self, proxies: list[dict[str, Any]]) -> list[NodeProxy]:
        return [NodeProxy(self, proxy) for proxy in self("populate", proxies=proxies)]

    def reset(self) -> None:
        self("reset")

    def version(self) -> str:
        return str(self("version"))

    def destroy_all(self) -> None:
        for name in self("all"):
            self("remove", name=name)

    def __call__(self, command: str, **options: Any) -> Any:
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps({"command": command, **options}) + "\n")
        self._node.stdin.flush()
        answer = json.loads(self._node.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]


class NodeProxy:
    """One proxy."""

    def __init__(self, server: NodeToxiproxy, body: dict[str, Any]) -> None:
        self._server = server
        self.name, self.listen, self.enabled = body["name"], body["listen"], body["enabled"]

    def add_toxic(self, **toxic: Any) -> None:
        self._server("add", name=self.name, toxic=toxic)

    def toxics(self) -> dict[str, Any]:
        return {toxic["name"]: SimpleNamespace(**toxic) for toxic in self._server("toxics", name=self.name)}

    def destroy_toxic(self, toxic: str) -> None:
        self._server("take", name=self.name, toxic=toxic)

    def enable(self) -> None:
        self._server("enable", name=self.name, enabled=True)

    def disable(self) -> None:
        self._server("enable", name=self.name, enabled=False)

    def destroy(self) -> None:
        self._server("remove", name=self.name)
