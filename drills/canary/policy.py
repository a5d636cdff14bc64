"""What a canary must keep to.  Read from a TOML file, or one of the ready ones by name."""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self, TypeVar

READY = Path(__file__).with_name("policies")
NO_DATA = ("inconclusive", "fail", "pass")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
T = TypeVar("T")


class PolicyError(Exception):
    """The policy cannot be used; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Such as `< 0.25`."""

    sign: str
    limit: float

    @classmethod
    def parse(cls, text: object) -> Self:
        """Raise ValueError for what is no condition."""
        found = re.fullmatch(r"\s*(<=?|>=?)\s*(\d+(?:\.\d+)?)\s*", str(text))
        if not found:
            raise ValueError(text)
        return cls(found[1], float(found[2]))

    def holds(self, value: float) -> bool:
        return COMPARE[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What every criterion has; the policy's own values unless it says otherwise."""

    min_samples: float
    """Fewer than these say nothing: inconclusive."""
    failure_limit: int
    """Intervals that may fail."""
    inconclusive_limit: int
    """Intervals that may be inconclusive."""
    on_no_data: str
    """What an empty answer means: inconclusive, fail or pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Limits):
    """A value that must keep to a condition."""

    name: str
    query: str
    holds: Condition
    unit: str = ""
    samples: str = ""
    """How many samples the value is made of; empty: as many as it takes."""
    otherwise: str = "fail"
    """What a broken condition means: fail, or inconclusive where it is about the evidence itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoIncrease(Limits):
    """A share that must not be worse than the baseline's: one-sided test of two proportions."""

    name: str
    failed: str
    total: str
    tolerated_ratio: float = 1.1
    """The seed allows 10 % more."""
    tolerated_rise: float = 0.005
    """And that much more whatever the baseline is: it may be 0."""
    alpha: float = 0.001
    """How often chance alone may fail an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """What ends the rollout at once: beyond the condition for that long, without a gap."""

    name: str
    query: str
    beyond: Condition
    for_s: float
    window_s: float = 120.0


Criterion = Limit | NoIncrease


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Selectors are PromQL's label matchers without braces."""

    name: str
    interval_s: float
    count: int
    canary: str
    baseline: str
    criteria: tuple[Criterion, ...]
    rollbacks: tuple[Rollback, ...]
    baseline_ago_s: float = 0.0
    """The baseline is looked at that long ago: the same workers, before the rollout."""
    scrape_interval_s: float = 15.0
    rollback_every_s: float = 60.0
    ignored_reasons: tuple[str, ...] = ("manual", "rollback")
    """Downgrades that somebody made on purpose; drills run by hand among them."""
    token_env: str = ""
    """The variable that has Prometheus' bearer token."""

    @classmethod
    def load(cls, name: str) -> Self:
        """Read a file, or a ready policy by name.  Raises `PolicyError`."""
        path = READY / f"{name}.toml"
        return cls.parse(_content(path if path.is_file() else Path(name)), name)

    @classmethod
    def parse(cls, content: Mapping[str, Any], where: str) -> Self:
        """Take a parsed file.  Raises `PolicyError`."""
        head = {**_section(content, "policy", where)}
        shared = {f.name: head.pop(f.name) for f in fields(Limits) if f.name in head}
        for section in content.keys() - {"policy", "limit", "no_increase", "rollback"}:
            raise PolicyError(
                f"{where}: [{section}] is not a section: use policy, limit, no_increase, rollback"
            )
        head["criteria"] = (
            *_all(Limit, content, "limit", shared, where),
            *_all(NoIncrease, content, "no_increase", shared, where),
        )
        head["rollbacks"] = tuple(_all(Rollback, content, "rollback", {}, where))
        policy = _made(cls, head, f"{where}: [policy]")
        if not policy.criteria:
            raise PolicyError(f"{where}: no criterion: add a [limit.NAME] or a [no_increase.NAME]")
        return policy

    def once(self) -> Self:
        """Return the policy for a single interval, where nothing is forgiven."""
        strict = tuple(replace(one, failure_limit=0, inconclusive_limit=0) for one in self.criteria)
        return replace(self, count=1, criteria=strict)

    def rendered(self, query: str, selector: str, window_s: float) -> str:
        """Fill in the placeholders.

        `$new(SELECTOR)` is how much counters rose in the window.  `increase` is blind to a counter that
        appears with its first event (there is nothing before to rise from), so such series count whole.
        """
        words = {
            "selector": selector,
            "canary": self.canary,
            "baseline": self.baseline,
            "window": f"{window_s:g}s",
            "scrapes": f"{window_s / self.scrape_interval_s:g}",
            "ignored_reasons": "|".join(map(re.escape, self.ignored_reasons)),
        }
        return re.sub(r"\$(\w+)", lambda found: words[found[1]], _unfolded(query))


NEW = (
    r"sum((increase(\1[$window]) and last_over_time(\1[$window] offset $window))"
    r" or (\1 unless last_over_time(\1[$window] offset $window)))"
)
PLACEHOLDERS = {"selector", "canary", "baseline", "window", "scrapes", "ignored_reasons"}


def _unfolded(query: str) -> str:
    return re.sub(r"\$new\(([^()]*)\)", NEW, query)


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        ready = ", ".join(sorted(file.stem for file in READY.glob("*.toml")))
        raise PolicyError(f"cannot read the policy {path}: {error.strerror}; ready are {ready}") from error
    except ValueError as error:
        raise PolicyError(f"{path} is not TOML: {error}") from error


def _section(content: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, Mapping):
        raise PolicyError(f"{where}: {name!r} must be a section: [{name}]")
    return table


def _all(
    kind: type[T], content: Mapping[str, Any], section: str, shared: Mapping[str, Any], where: str
) -> list[T]:
    tables = _section(content, section, where)
    return [
        _made(kind, {**shared, **_section(tables, name, where), "name": name}, f"{where}: [{section}.{name}]")
        for name in tables
    ]


def _made(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # T is one of our dataclasses
    for key in table.keys() - known.keys():
        raise PolicyError(f"{where}: {key!r} means nothing: use {', '.join(sorted(known))}")
    for name, field in known.items():
        if name not in table and field.default is MISSING:
            raise PolicyError(f"{where}: {name!r} is missing")
    return kind(**{key: _read(known[key], value, where) for key, value in table.items()})


def _read(field: Any, value: object, where: str) -> Any:
    wanted, reader = READERS.get(field.name) or READERS.get(field.type) or ("", lambda given: given)
    try:
        return reader(value)
    except (ValueError, TypeError):
        raise PolicyError(f"{where}: {field.name!r} must be {wanted}, not {value!r}") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError
    return value


def _above_0(value: object) -> float:
    if not _number(value):
        raise ValueError
    return _number(value)


def _whole(value: object) -> int:
    if _number(value) != int(_number(value)):
        raise ValueError
    return int(_number(value))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _query(value: object) -> str:
    unknown = set(re.findall(r"\$(\w*)", _unfolded(_text(value)))) - PLACEHOLDERS
    if unknown or not _text(value).strip():
        raise ValueError
    return _text(value)


def _one_of(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return read


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(item) for item in value)


POSITIVE = ("a number above 0", _above_0)
QUERY = ("PromQL with no placeholder but $new(SELECTOR), $" + ", $".join(sorted(PLACEHOLDERS)), _query)
READERS: dict[str, tuple[str, Callable[[object], Any]]] = {
    **dict.fromkeys(("query", "failed", "total", "samples"), QUERY),
    **dict.fromkeys(("interval_s", "for_s", "window_s", "scrape_interval_s", "rollback_every_s"), POSITIVE),
    "on_no_data": (" or ".join(NO_DATA), _one_of(*NO_DATA)),
    "otherwise": ("fail or inconclusive", _one_of("fail", "inconclusive")),
    "count": ("a whole number above 0", lambda value: int(_above_0(_whole(value)))),
    "float": ("a number, 0 or more", _number),
    "int": ("a whole number, 0 or more", _whole),
    "str": ("a text", _text),
    "tuple[str, ...]": ("a list of texts", _texts),
    "Condition": ("a condition such as '< 0.25'", Condition.parse),
}
"""How a field is read: by its name, else by its type."""
