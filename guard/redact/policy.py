"""What to redact, and what to put in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = (
    *("email", "phone", "card", "iban", "ip", "ssn", "address"),
    *("url_password", "api_key", "token", "secret", "private_key"),
)
"""All that can be found; `redactions_total{field_type}` counts by these names and those of own patterns."""
OFF_BY_DEFAULT = frozenset(("address",))
DROPPED = "dropped"
"""The field type that counts what could not be redacted and was not sent."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}$")
PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]{0,30}(?:_[a-p]{12})?\]")
"""What redacting leaves: [EMAIL], or [EMAIL_ijdkbmopalcn] with a surrogate."""


@dataclass(frozen=True, slots=True)
class RedactPolicy:
    """`GUARD_REDACT_*` set these (docs/guard.md)."""

    kinds: frozenset[str] = frozenset(KINDS) - OFF_BY_DEFAULT
    """None: nothing is redacted."""
    surrogate_key: bytes = field(default=b"", repr=False)
    """With a key the same value gets the same surrogate in every message; without one all look alike."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """Kinds of your own: name and RE2 expression."""
    allow: frozenset[str] = frozenset()
    """Values that may pass, whatever their case, and domains as `@example.com`."""

    def __post_init__(self) -> None:
        """Raise ValueError for a kind that there is not and a name that cannot be counted by."""
        if unknown := sorted(self.kinds - set(KINDS)):
            raise ValueError(f"{unknown[0]!r} is no kind: use {', '.join(KINDS)}")
        for name in self.patterns:
            if not NAME.match(name) or name in (*KINDS, DROPPED):
                raise ValueError(f"{name!r} cannot name a pattern: use a-z, 0-9 and _, and no built-in kind")

    def allows(self, value: str) -> bool:
        """Whether a found value may pass."""
        value = value.lower()
        return value in self._allowed or value[value.find("@") :] in self._allowed

    @property
    def _allowed(self) -> frozenset[str]:
        return frozenset(value.lower() for value in self.allow)
