"""What is drilled: where it answers, how it is operated, what it may cost.  Read from a TOML file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import inf
from pathlib import Path
from typing import Any

from chaos import allowed

BY_DEFAULT = ("cached",)
"""What a guard has switched on that nobody configured."""


class TargetError(Exception):
    """The target file, or the target itself, cannot be used; one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What a drill may cost at most; the numbers are the target file's defaults."""

    downgrade_s: float = 2.0
    """From the first hit of the fault until every worker is degraded."""
    recover_s: float = 5.0
    """From the moment recovery became possible (healed and hold over) until every worker reads again."""
    user_errors: int = 0
    """Chat answers other than 200, no answer included."""
    degraded_p95_ms: float = 250.0
    """Chat latency while degraded."""
    stop_user_errors: int = 50
    """Beyond this many user errors a drill is stopped and healed: a second of outage at the default load."""
    stop_p95_ms: float = 5000.0
    """So is one whose latest answers have a p95 beyond this: nobody waits so long for a chat (our choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An application that can be drilled; an empty field is a capability that it lacks."""

    name: str
    chat_url: str
    token: str = field(repr=False)
    marker_url: str
    marker_value: str
    hold_s: float
    metrics_urls: tuple[str, ...] = ()
    mode_command: tuple[str, ...] = ()
    gateway_admin: str = ""
    toxiproxy_url: str = ""
    zep_proxy: str = "zep"
    redis_proxy: str = "redis"
    stored_url: str = ""
    """Answers with the messages that Zep stored, for drills that look at what left the application."""
    lease_s: float = 10.0
    """How long a dead prober keeps the lease."""
    features: tuple[str, ...] = BY_DEFAULT
    """What the guard has switched on, of `drills.variants`; drills of what it has not are inconclusive."""
    logs: tuple[Path, ...] = ()
    """Of the application, where they can be read."""
    pager_log_url: str = ""
    """Answers with the events that ``zep-chaos pager`` took, for drills that look at who is paged."""
    pager_token: str = field(default="", repr=False)
    zep_per_minute: float = inf
    """Requests that Zep allows the account; drills that ask more are inconclusive."""
    budgets: Budgets = field(default_factory=Budgets)

    @classmethod
    def load(cls, path: Path, environ: Mapping[str, str] = os.environ) -> Target:
        """Read a target file; the token comes from the variable that it names.  Raises `TargetError`."""
        table = _Table(path, _parsed(path))
        return cls(
            name=table.text("target", "name"),
            chat_url=table.url("target", "chat_url"),
            token=_token(path, table.text("target", "token_env"), environ),
            marker_url=table.url("target", "marker_url"),
            marker_value=table.text("target", "marker_value"),
            hold_s=table.number("timing", "hold_s"),
            metrics_urls=table.texts("target", "metrics_urls"),
            mode_command=table.texts("mode", "command"),
            gateway_admin=table.url("faults", "gateway_admin", default=""),
            toxiproxy_url=table.url("faults", "toxiproxy_url", default=""),
            zep_proxy=table.text("faults", "zep_proxy", default="zep"),
            redis_proxy=table.text("faults", "redis_proxy", default="redis"),
            stored_url=table.url("target", "stored_url", default=""),
            lease_s=table.number("timing", "lease_s", default=10.0),
            features=table.texts("target", "features") or BY_DEFAULT,
            logs=tuple(Path(name) for name in table.texts("target", "logs")),
            pager_log_url=table.url("alerts", "pager_log_url", default=""),
            pager_token=_pager_token(path, table.text("alerts", "token_env", default=""), environ),
            zep_per_minute=table.number("limits", "zep_per_minute", default=0) or inf,
            budgets=table.budgets(),
        )

    def public(self) -> dict[str, Any]:
        """Everything but the token, JSON-ready, for the journal."""
        hidden = {"token", "pager_token", "budgets", "mode_command", "logs", "zep_per_minute"}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in hidden}


KNOWN: dict[str, set[str]] = {
    "target": {
        "name",
        "chat_url",
        "metrics_urls",
        "token_env",
        "marker_url",
        "marker_value",
        "stored_url",
        "features",
        "logs",
    },
    "mode": {"command"},
    "faults": {"gateway_admin", "toxiproxy_url", "zep_proxy", "redis_proxy"},
    "alerts": {"pager_log_url", "token_env"},
    "timing": {"hold_s", "lease_s"},
    "limits": {"zep_per_minute"},
    "budgets": {f.name for f in fields(Budgets)},
}


class _Table:
    """A parsed target file; each getter says in one line what is wrong."""

    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self._path = path
        self._content = content
        for section, table in content.items():
            if section not in KNOWN or not isinstance(table, dict):
                raise TargetError(f"{path}: [{section}] is not a section: use {', '.join(KNOWN)}")
            for key in table.keys() - KNOWN[section]:
                known = ", ".join(sorted(KNOWN[section]))
                raise TargetError(f"{path}: {key!r} in [{section}] means nothing: use {known}")

    def text(self, section: str, key: str, default: str | None = None) -> str:
        value = self._content.get(section, {}).get(key, default)
        if value is None:
            raise TargetError(f"{self._path}: {key!r} is missing in [{section}]")
        if not isinstance(value, str) or not (value or default == ""):
            raise self._wrong(section, key, "a text that is not empty")
        return value

    def url(self, section: str, key: str, default: str | None = None) -> str:
        value = self.text(section, key, default)
        if value and not value.startswith(("http://", "https://")):
            raise self._wrong(section, key, "an address that begins with http:// or https://")
        try:
            allowed.check(value)
        except allowed.NotAllowedError as error:
            raise TargetError(f"{self._path}: {key!r} in [{section}]: {error}") from None
        return value

    def texts(self, section: str, key: str) -> tuple[str, ...]:
        value = self._content.get(section, {}).get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self._wrong(section, key, "a list of texts")
        return tuple(value)

    def number(self, section: str, key: str, default: float | None = None) -> float:
        value = self._content.get(section, {}).get(key, default)
        if value is None:
            raise TargetError(f"{self._path}: {key!r} is missing in [{section}]")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise self._wrong(section, key, "a number, 0 or more")
        return value

    def budgets(self) -> Budgets:
        asked = {f.name: self.number("budgets", f.name, getattr(Budgets(), f.name)) for f in fields(Budgets)}
        return Budgets(**asked)  # type: ignore[arg-type]  # 3.0 is as good as 3 for a count

    def _wrong(self, section: str, key: str, wanted: str) -> TargetError:
        return TargetError(f"{self._path}: {key!r} in [{section}] must be {wanted}")


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise TargetError(f"cannot read the target file {path}: {error.strerror}") from error
    except ValueError as error:
        raise TargetError(f"{path} is not TOML: {error}") from error


def _pager_token(path: Path, name: str, environ: Mapping[str, str]) -> str:
    return _token(path, name, environ) if name else ""


def _token(path: Path, name: str, environ: Mapping[str, str]) -> str:
    token = environ.get(name, "")
    if not token:
        raise TargetError(f"{path} takes the bearer token from {name}, which is not set: export {name}=...")
    return token
