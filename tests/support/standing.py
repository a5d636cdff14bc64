"""A staging system that stands on its own: the assistant on a local stack, described by a target file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drills import rehearsal
from drills.target import Target

TOKEN_ENV = "STANDING_TOKEN"


@dataclass(frozen=True)
class Standing:
    """Where it is described, and what the drills' environment needs."""

    file: Path
    target: Target

    @property
    def environ(self) -> dict[str, str]:
        return {TOKEN_ENV: self.target.token}


@contextmanager
def standing(folder: Path) -> Iterator[Standing]:
    """Start it, and end it whatever happens."""
    with rehearsal.local() as scene:
        file = folder / "target.toml"
        file.write_text(described(scene.target))
        yield Standing(file, scene.target)


def described(target: Target) -> str:
    """Write a target file; JSON's texts and lists are TOML's too."""
    sections = {
        "target": {
            "name": "standing",
            "chat_url": target.chat_url,
            "metrics_urls": target.metrics_urls,
            "token_env": TOKEN_ENV,
            "marker_url": target.marker_url,
            "marker_value": target.marker_value,
            "stored_url": target.stored_url,
        },
        "mode": {"command": target.mode_command},
        "faults": {
            "gateway_admin": target.gateway_admin,
            "toxiproxy_url": target.toxiproxy_url,
            "zep_proxy": target.zep_proxy,
            "redis_proxy": target.redis_proxy,
        },
        "timing": {"hold_s": target.hold_s, "lease_s": target.lease_s},
    }
    lines = []
    for section, table in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"
