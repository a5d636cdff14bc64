"""Secrets that a name announces: `DB_PASSWORD=...`, `"api_key": "..."`, "my password is ..."."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from guard.redact.likely import IDENTIFIER, may_be_key, may_be_password, may_be_said
from guard.redact.nearby import positions
from guard.redact.span import Clue, Family

KINDS_OF_KEY = (
    "access|auth|private|encryption|signing|account|master|license|service|session|security|storage|consumer|app|client"
    "|webhook|admin|bot|deploy|secret|api|shared[_\\-]?access"
)
SEPARATOR = (
    r"[ \t]{0,4}(?::=|=>|=(?!=)|:{1,2}|[\-=]{1,2}>|→|,(?=[ ]?[\"'])|>)[ \t]{0,4}"
    r"|[ ](?:is|was|are|ist|lautet|es|est|è|é|olarak)(?:[ ]{1,2}|:[ ]?)(?:now |set to |actually )?"
    r"|\((?=[\"'])|[ \t]{1,2}(?=[\"'`])|[ ]-[ ]|[ ]"
)
TAIL = rf"(?P<suffix>[A-Za-z0-9_.\-]{{0,24}}?)\\?[\"'`\])]{{0,3}}(?P<sep>{SEPARATOR})\\?(?P<quote>[\"'`]?)"


class Name(NamedTuple):
    """A name that announces a secret: `stem` in small letters, what may come before it and after it."""

    stem: str
    chosen: bool
    """By people: words may be the value.  Otherwise a machine drew it."""
    before: re.Pattern[str] | None
    after: re.Pattern[str]


def _name(stem: str, after: str = "", *, before: str = "", chosen: bool = False) -> Name:
    left = re.compile(f"(?:{before})$", re.IGNORECASE) if before else None
    return Name(stem, chosen, left, re.compile(rf"(?:{after})(?P<end>){TAIL}", re.IGNORECASE))


NAMES = (
    _name("pass", "(?:word|wort|wd|phrase|code|e)?s?", chosen=True),
    _name("pw", chosen=True, before="(?:^|[^a-z])"),
    *(
        _name(stem, chosen=True)
        for stem in ("pwd", "psw", "contraseña", "senha", "kennwort", "wachtwoord", "hasło")
    ),
    *(_name(stem, chosen=True) for stem in ("пароль", "密码", "密碼", "パスワード", "비밀번호")),
    _name("ifre", "(?:m|si|niz)?", before="[sşŞ]", chosen=True),
    _name("parola", "(?:m|sı)?", chosen=True),
    _name("secret", r"(?:[_\-. ]?(?:access)?[_\-. ]?key)?"),
    _name("token"),
    _name("key", "(?:[_-]?id)?", before=rf"(?:{KINDS_OF_KEY})[_\-. ]?|(?-i:[A-Z0-9]_)"),
    *(_name(stem) for stem in ("credential", "creds", "jsessionid", "phpsessid", "auth")),
    _name("sess", r"(?:ion)?[_\-]?id"),
    _name("sig", "(?:nature)?"),
    _name("webhook", r"[_\-]?url"),
    _name("connection", r"[_\-]?string"),
)
FLAG = re.compile(
    r"--?(?:[a-z]{1,12}-)?(?P<name>(?P<chosen>password|pass|passwd|pwd)|token|secret|api-?key|access-key|secret-key)"
    r"(?P<sep>[ \t]{1,3})(?P<quote>[\"']?)(?!-)",
    re.IGNORECASE,
)
CURL_USER = re.compile(r"(?:[ ]-u|--user)[ =]{0,2}[\"']?(?P<value>[^\s:\"'$<>]{1,64}:[^\s\"'$<>@]{3,128})")
UNQUOTED = re.compile(r"[^\s\"'`<>&,;|]{3,2048}")
QUOTED = {quote: re.compile(rf"(?:[^{quote}\\\r\n]|\\.){{1,1024}}(?=\\?{quote}|$)") for quote in "\"'`"}
NOT_A_SECRET = re.compile(
    r"[_\-.]?(?:len(?:gth)?|count|size|limit|min|max|polic|reset|field|hint|type|name|ids?$|url|uri|path|file|expir|ttl"
    r"|endpoint|version|required|strength|label|input|page|form|prompt|chang|manager|bucket|usage|used|rate|budget|price"
    r"|cost|per|age|algo|error|status|valid)",
    re.IGNORECASE,
)
"""What stands between name and value and makes it something else: `token_count`, `password_length`."""
SHORT_NAME, LONG = 4, 256
BEFORE = 16
TRAILING = ".,;:!?)]}'\"\\"
WRAPPED = frozenset(("(", "["))


def assigned(name: Name, text: str) -> Iterator[tuple[int, int]]:
    """Find the values behind one name."""
    judged = 0
    for start in positions((name.stem,), text):
        match = name.after.match(text, start + len(name.stem)) if start >= judged else None
        if not match or not _is_name(name, text, start, match):
            continue
        for found in _value(text, match, text[start : match.start("end")], chosen=name.chosen):
            judged = found[1]
            yield found
        if judged < start:
            judged = _end_of_long(text, match.end())


def flags(text: str) -> Iterator[tuple[int, int]]:
    """Find what follows --password and -u user:password on a command line."""
    for match in FLAG.finditer(text):
        yield from _value(text, match, match["name"], chosen=match["chosen"] is not None, flag=True)
    if "curl" in text:
        for match in CURL_USER.finditer(text):
            yield match.span("value")


def _is_name(name: Name, text: str, start: int, match: re.Match[str]) -> bool:
    """`mytoken`, `API-Token` and `tokenValue` are names; `tokenize`, `compass` and `secretary` are not."""
    if name.before and not name.before.search(text[max(0, start - BEFORE) : start]):
        return False
    suffix, before = match["suffix"], text[max(0, start - 1) : start]
    short = not name.before and match.start("end") - start <= SHORT_NAME
    if short and before.isalpha() and not (text[start].isupper() and before.islower()):
        return False
    if suffix[:1].islower() and suffix not in ("s", "m"):
        return False
    return not NOT_A_SECRET.match(suffix)


def _value(
    text: str, match: re.Match[str], name: str, *, chosen: bool, flag: bool = False
) -> Iterator[tuple[int, int]]:
    start, quote = match.end(), match["quote"]
    found = (QUOTED[quote] if quote else UNQUOTED).match(text, start)
    value = "" if not found else found[0] if quote else _trimmed(found[0])
    end = start + len(value)
    if not value or (not quote and text[end : end + 1] in WRAPPED):  # a call or an index: code
        return
    sep, has_digit = match["sep"].strip(), any(map(str.isdigit, value))
    if not chosen:
        likely = sep not in ("", "-", "(") or flag or bool(quote)
        likely = likely and " " not in value and may_be_key(value)
    elif (
        (sep == ">" and text[end : end + 1] != "<")
        or (sep in ("(", ",") and not (has_digit and not match["suffix"]))
        or (not quote and match["sep"] == " = " and IDENTIFIER.match(value))
    ):
        likely = False
    elif flag or quote or "=" in sep or _is_listed(text, sep, name, end):
        likely = may_be_password(value, quoted=bool(quote))
    else:
        likely = may_be_said(value, bare=not sep)
    if likely:
        yield start, end


def _end_of_long(text: str, start: int) -> int:
    """What is no secret as a whole is none from its middle on; or else `token=token=...` costs its square."""
    found = UNQUOTED.match(text, start)
    return found.end() if found and found.end() - start > LONG else 0


def _trimmed(value: str) -> str:
    trimmed = value.rstrip(TRAILING)
    return trimmed + "!" if value[len(trimmed) :].startswith("!") else trimmed


def _is_listed(text: str, sep: str, name: str, at: int) -> bool:
    """Whether it is `name: value` and no sentence goes on behind the value; `PASS: test_login` is a log's."""
    if sep not in (":", "::", ">", "->", "→") or name.lower() == "pass":
        return False
    rest = text[at : at + 3].lstrip(TRAILING)
    return not (rest[:1] == " " and rest[1:2].isalpha())


def _family(name: Name) -> Family:
    pattern = rf"(?:{KINDS_OF_KEY})[_\-. ]?key|[A-Z0-9]_KEY" if name.stem == "key" else ""
    return Family("secret", (Clue((name.stem,), pattern, anycase=True),), partial(assigned, name))


FAMILIES = (
    *map(_family, NAMES),
    Family("secret", (Clue(literals=("--", " -u", "-pass", "-token", "-pwd")),), flags),
)
