"""Nested values: every string and number in them, and names that say a secret is behind them.

Walked with a list, not by recursion: depth is the sender's choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from guard.redact.policy import DROPPED, PLACEHOLDER

NODES, DEPTH = 10_000, 64
"""More than this is no metadata; a value that holds itself has endless depth."""
LEAST_NUMBER = 10**6
"""Smaller numbers cannot be anybody's."""
HARMLESS = (bool, float, type(None), datetime, date, time, UUID, Decimal)

SECRETS = (
    *(
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "pass",
        "sifre",
        "parola",
        "secret",
        "clientsecret",
    ),
    *(
        "token",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "authtoken",
        "bearertoken",
        "apitoken",
        "sessiontoken",
    ),
    *(
        "apikey",
        "xapikey",
        "accesskey",
        "secretkey",
        "secretaccesskey",
        "privatekey",
        "encryptionkey",
        "signingkey",
    ),
    *(
        "authorization",
        "proxyauthorization",
        "auth",
        "cookie",
        "setcookie",
        "cookies",
        "sessionid",
        "session",
    ),
    *(
        "credential",
        "credentials",
        "connectionstring",
        "cvv",
        "cvc",
        "cvv2",
        "securitycode",
        "pin",
        "otp",
        "mfa",
    ),
)
NAMES = {
    **dict.fromkeys(SECRETS, "secret"),
    **dict.fromkeys(
        ("email", "emailaddress", "mail", "eposta", "useremail", "contactemail", "workemail"), "email"
    ),
    **dict.fromkeys(
        (
            *(
                "phone",
                "phonenumber",
                "mobile",
                "mobilephone",
                "mobilenumber",
                "telephone",
                "tel",
                "cell",
                "cellphone",
            ),
            *(
                "fax",
                "gsm",
                "telefon",
                "ceptelefonu",
                "msisdn",
                "whatsapp",
                "contactnumber",
                "homephone",
                "workphone",
            ),
        ),
        "phone",
    ),
    **dict.fromkeys(("cardnumber", "creditcard", "creditcardnumber", "ccnumber", "pan", "debitcard"), "card"),
    **dict.fromkeys(("iban", "bankaccount", "accountiban"), "iban"),
    **dict.fromkeys(("ssn", "socialsecuritynumber", "socialsecurity", "taxid"), "ssn"),
    **dict.fromkeys(
        ("ip", "ipaddress", "clientip", "remoteaddr", "remoteip", "userip", "xforwardedfor"), "ip"
    ),
}
"""Names of fields, in small letters without punctuation, and the kind that stands behind each."""
ENDINGS = (
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "privatekey",
    "secretkey",
)

Text = Callable[[str], tuple[str, Mapping[str, int]]]
Instead = Callable[[str, str], str]


class Slot(NamedTuple):
    """Where a walked value goes."""

    container: Any
    key: Any


class Walk:
    """One walk over one value; `counts` says what was found."""

    def __init__(self, text: Text, instead: Instead, kinds: AbstractSet[str]) -> None:
        self._text, self._instead, self._kinds = text, instead, kinds
        self.counts: Counter[str] = Counter()

    def clean(self, value: object) -> object:
        """Return the value without what was found, the same object where nothing was; None for nothing."""
        top: list[object] = [None]
        todo = [(value, Slot(top, 0), 0)]
        for _ in range(NODES):
            if not todo:
                return top[0] if self.counts else value
            todo += self._step(*todo.pop())
        self.counts = Counter({DROPPED: 1})
        return None

    def _step(self, node: object, slot: Slot, depth: int) -> list[tuple[object, Slot, int]]:
        children: Iterator[tuple[object, object]]
        made: Any
        match node:
            case Mapping() if depth < DEPTH:
                made, children = {}, self._entries(node)
            case list() | tuple() if depth < DEPTH:
                made, children = [None] * len(node), iter(enumerate(node))
            case _:
                self._leaf(node, slot)
                return []
        slot.container[slot.key] = made
        todo = []
        for key, child in children:
            unused = _unused(key, made) if isinstance(made, dict) else key
            made[unused] = None  # keeps the order
            todo.append((child, Slot(made, unused), depth + 1))
        return todo

    def _entries(self, node: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
        for name, child in node.items():
            if not isinstance(name, str):
                self.counts[DROPPED] += 1
                continue
            kind = kind_behind(name)
            hide = kind in self._kinds and _says_something(child)
            if hide:
                self.counts[kind] += 1
            yield self._redacted(name), self._instead(kind, str(child)) if hide else child

    def _leaf(self, node: object, slot: Slot) -> None:
        if isinstance(node, str):
            slot.container[slot.key] = self._redacted(node)
        elif isinstance(node, HARMLESS):
            slot.container[slot.key] = node
        elif isinstance(node, int):
            said = self._redacted(str(node)) if abs(node) >= LEAST_NUMBER else ""
            slot.container[slot.key] = said if said and said != str(node) else node
        else:
            self._drop(slot)

    def _drop(self, slot: Slot) -> None:
        self.counts[DROPPED] += 1
        if isinstance(slot.container, dict):
            del slot.container[slot.key]

    def _redacted(self, text: str) -> str:
        clean, found = self._text(text)
        self.counts.update(found)
        return clean


def kind_behind(name: str) -> str:
    """Return the kind of what stands behind a name, "" for any other name."""
    if PLACEHOLDER.search(name):
        return ""
    plain = "".join(filter(str.isalnum, name.lower()))
    return NAMES.get(plain) or ("secret" if plain.endswith(ENDINGS) else "")


def _says_something(value: object) -> bool:
    if isinstance(value, str):
        return bool(value) and not PLACEHOLDER.fullmatch(value)
    return not (value is None or isinstance(value, bool) or value in ((), [], {}, 0))


def _unused(key: Any, made: Mapping[Any, object]) -> Any:
    """Two names may become one placeholder; neither value is lost."""
    unused, n = key, 2
    while unused in made:
        unused, n = f"{key}_{n}", n + 1
    return unused
