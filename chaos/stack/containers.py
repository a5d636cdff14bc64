"""The stack of docker-compose.yml: started and ended by Compose, its processes found by the Docker SDK."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException

from chaos.injectors import InjectorError
from chaos.injectors.double import Double
from chaos.injectors.processes import Processes, alive
from chaos.injectors.redis import RedisServer
from chaos.injectors.waiting import until
from chaos.stack.injector import StackInjector
from chaos.stack.machine import APPLICATION, WORKER, WORKERS, children_of
from chaos.stack.readiness import StackError

PROJECT = "zep-guard"
UP_WITHIN_S = 600.0
"""Building the image and pulling the others, once."""
HEALTHY_WITHIN_S = 60.0
BACK_WITHIN_S = 20.0
POLL_S = 0.2
REDIS_URL = "redis://127.0.0.1:6380/0"
DOUBLE_URL = "http://127.0.0.1:8009"
GUNICORNS_WORKERS = 2
BESIDE = "beside"
"""Prometheus finds those that are started beside the stack under this name."""
APPLICATION_PORT = "8000/tcp"


def compose(*words: str) -> list[str]:
    """Return a command of Compose, today's or 1.29.  Raises `StackError`."""
    for own in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(own[0]) and _answers([*own, "version"]):
            return [*own, "--project-name", PROJECT, *words]
    raise StackError("neither `docker compose` nor docker-compose answers here: install Docker Compose")


def up(file: Path, *, build: bool = False) -> None:
    """Start what does not run and wait until all of it is healthy; `build`: of what our sources are now.

    Raises `StackError`.
    """
    _run(compose("--file", str(file), "up", "--detach", *(["--build"] if build else [])))
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while sick := [name for name, state in states().items() if state not in ("running", "healthy")]:
        if time.monotonic() > deadline:
            raise StackError(f"{', '.join(sick)} did not become healthy: docker compose -p {PROJECT} logs")
        time.sleep(POLL_S)


def down(file: Path) -> None:
    """End all of it, and forget what it kept.  Raises `StackError`."""
    _run(compose("--file", str(file), "down", "--volumes"))


def states() -> dict[str, str]:
    """Return each container's health, or its state where it has none.  Raises `StackError`."""
    try:
        found = _containers()
    except DockerException as error:
        raise StackError(
            f"no Docker engine answers ({type(error).__name__}): is DOCKER_HOST right?"
        ) from error
    return {c.name: c.attrs["State"].get("Health", {}).get("Status") or c.status for c in found}


def versions() -> dict[str, str]:
    """Return the image of each service."""
    return {c.labels["com.docker.compose.service"]: c.attrs["Config"]["Image"] for c in _containers()}


def beside(name: str, environ: Mapping[str, str]) -> str:
    """Start one more assistant, set up otherwise, as container `name`; returns its address.

    Published on loopback like the others, and on their networks.  Raises `StackError`.
    """
    model = _containers(APPLICATION)[0]
    config, host = model.attrs["Config"], model.attrs["HostConfig"]
    network = next(iter(model.attrs["NetworkSettings"]["Networks"]))
    found_as = model.client.api.create_endpoint_config(aliases=[BESIDE])
    try:
        container = model.client.containers.run(
            model.image,
            config["Cmd"],
            name=name,
            detach=True,
            environment=[*config["Env"], *(f"{key}={value}" for key, value in environ.items())],
            network=network,
            networking_config={network: found_as},
            ports={APPLICATION_PORT: ("127.0.0.1", None)},
            mem_limit=host["Memory"],
            read_only=host["ReadonlyRootfs"],
            tmpfs=host["Tmpfs"],
            cap_drop=host["CapDrop"],
            security_opt=host["SecurityOpt"],
        )
        container.reload()
    except DockerException as error:
        raise StackError(f"cannot start {name} beside the stack: {error}") from error
    (published,) = container.ports[APPLICATION_PORT]
    return f"{published['HostIp']}:{published['HostPort']}"


class Containers:
    """Meets `chaos.injectors.processes.Machine`; pids are the host's, so the engine must be this host's."""

    def pids(self, process: str) -> list[int]:
        mains = [int(container.attrs["State"]["Pid"]) for container in self._of(process)]
        if not all(map(alive, mains)):
            raise InjectorError("the containers' processes are not on this host: drill where the engine runs")
        workers = [pid for main in mains for pid in children_of(main)]
        return {WORKER: workers[:1], WORKERS: workers}.get(process, mains + workers)

    def whole(self, process: str) -> bool:
        found = self._of(process)
        mains = [int(container.attrs["State"]["Pid"]) for container in found]
        wanted = GUNICORNS_WORKERS if process in (WORKER, WORKERS) else 0
        healthy = all(c.attrs["State"].get("Health", {}).get("Status", "healthy") == "healthy" for c in found)
        return healthy and all(alive(main) and len(children_of(main)) >= wanted for main in mains)

    def start(self, process: str) -> None:
        for container in self._of(process):
            if container.status != "running":
                container.start()
        until(f"{process} is back", lambda: self.whole(process), BACK_WITHIN_S)

    def clock(self, pid: int) -> Path:
        raise InjectorError(f"the clock of process {pid} cannot be shifted in a container")

    def _of(self, process: str) -> list[Any]:
        service = APPLICATION if process in (WORKER, WORKERS) else process
        try:
            found = _containers(service)
        except DockerException as error:
            raise InjectorError(f"the Docker engine does not answer ({type(error).__name__})") from error
        if not found:
            raise InjectorError(f"no container of {service} in the project {PROJECT}")
        return found


class NoReplica:
    """Stands where a stack has a second Redis."""

    failed_over = False

    def fail_over(self) -> None:
        raise InjectorError("this stack has no second Redis: use --stack local")

    def fail_back(self) -> None:
        """Nothing was done."""


def injector() -> StackInjector:
    """Return what breaks the parts of this stack."""
    return StackInjector(Processes(Containers()), RedisServer(REDIS_URL), NoReplica(), Double(DOUBLE_URL))


def _containers(service: str = "") -> list[Any]:
    label = f"com.docker.compose.service={service}" if service else "com.docker.compose.service"
    client = docker.from_env()
    try:
        labels = [f"com.docker.compose.project={PROJECT}", label]
        return list(client.containers.list(all=True, filters={"label": labels}))
    finally:
        client.close()


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=UP_WITHIN_S)  # noqa: S603
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing said"]
        raise StackError(f"{' '.join(argv[:2])} failed: {said[-1]}")


def _answers(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0  # noqa: S603 - fixed words
