"""Secrets that a name announces: `DB_PASSWORD=...`, `"api_key": "..."`, `?token=...`, "my password is ..."."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.likely import may_be_key, may_be_password, may_be_said
from guard.redact.span import Clue, Family

CHOSEN = "|".join(
    (
        r"pass(?:word|wort|wd|phrase|code)?s?|pwd|psw|(?<![a-z])pw|[sş][iİı]fre(?:m|si|niz)?|parola(?:m|sı)?",
        r"contraseña|senha|kennwort|mot de passe|wachtwoord|hasło|пароль|密码|密碼|パスワード|비밀번호",
    )
)
"""What people choose."""
DRAWN = "|".join(
    (
        r"secret(?:[_\-. ]?(?:access)?[_\-. ]?key)?|token|api[_\-. ]?key|apikey",
        r"(?:access|auth|private|encryption|signing|account|master|license|service|session|security|storage"
        r"|shared[_\-]?access|consumer|app|client|webhook|admin|bot|deploy)[_\-. ]?key(?:[_\-]?id)?",
        r"credentials?|creds|sess(?:ion)?[_\-]?id|jsessionid|phpsessid|signature|sig|auth|bearer|webhook[_\-]?url",
        r"connection[_\-]?string|(?-i:(?<=[A-Z0-9]_)KEY)",
    )
)
"""What machines draw."""
SEPARATOR = "|".join(
    (
        r"[ \t]{0,4}(?::=|=>|=(?!=)|:{1,2}|[\-=]{1,2}>|→|,(?=[ ]?[\"'])|>)[ \t]{0,4}",
        r"[ ](?:is|was|are|ist|lautet|es|est|è|é|olarak)(?:[ ]{1,2}|:[ ]?)(?:now |set to |actually )?",
        r"\((?=[\"'])|[ \t]{1,2}(?=[\"'`])|[ ]-[ ]|[ ]",
    )
)
NAMED = re.compile(
    rf"(?P<name>(?P<chosen>{CHOSEN})|(?:{DRAWN}))(?P<suffix>[A-Za-z0-9_.\-]{{0,24}}?)(?P<close>\\?[\"'`\])]{{0,3}})"
    rf"(?P<sep>{SEPARATOR})\\?(?P<quote>[\"'`]?)",
    re.IGNORECASE,
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
SHORT_NAME = 4
TRAILING = ".,;:!?)]}'\"\\"
WRAPPED = frozenset(("(", "["))


def assigned(text: str) -> Iterator[tuple[int, int]]:
    """Find the values behind names of secrets."""
    for match in NAMED.finditer(text):
        if _is_name(text, match):
            yield from _value(text, match)


def flags(text: str) -> Iterator[tuple[int, int]]:
    """Find what follows --password and -u user:password on a command line."""
    for match in FLAG.finditer(text):
        yield from _value(text, match, flag=True)
    if "curl" in text:
        for match in CURL_USER.finditer(text):
            yield match.span("value")


def _is_name(text: str, match: re.Match[str]) -> bool:
    """`mytoken`, `API-Token` and `tokenValue` are names; `tokenize`, `compass` and `secretary` are not."""
    name, suffix = match["name"], match["suffix"]
    before = text[max(0, match.start() - 1) : match.start()]
    if len(name) <= SHORT_NAME and before.isalpha() and not (name[0].isupper() and before.islower()):
        return False
    if suffix[:1].islower() and suffix not in ("s", "m"):
        return False
    return not NOT_A_SECRET.match(suffix)


def _value(text: str, match: re.Match[str], *, flag: bool = False) -> Iterator[tuple[int, int]]:
    start, quote = match.end(), match["quote"]
    found = (QUOTED[quote] if quote else UNQUOTED).match(text, start)
    value = "" if not found else found[0] if quote else _trimmed(found[0])
    end = start + len(value)
    if not value or (not quote and text[end : end + 1] in WRAPPED):  # a call or an index: code
        return
    sep = match["sep"].strip()
    if not match["chosen"]:
        likely = sep not in ("", "-", "(") or flag or bool(quote)
        likely = likely and " " not in value and may_be_key(value)
    elif sep == ">" and text[end : end + 1] != "<":
        likely = False
    elif flag or quote or "=" in sep or _is_listed(text, match, end):
        likely = may_be_password(value, quoted=bool(quote)) and (sep != "(" or any(map(str.isdigit, value)))
    else:
        likely = may_be_said(value, bare=not sep)
    if likely:
        yield start, end


def _trimmed(value: str) -> str:
    trimmed = value.rstrip(TRAILING)
    return trimmed + "!" if value[len(trimmed) :].startswith("!") else trimmed


def _is_listed(text: str, match: re.Match[str], at: int) -> bool:
    """Whether it is `name: value` and no sentence goes on behind the value; `PASS: test_login` is a log's."""
    if match["sep"].strip() not in (":", "::", ">", "->", "→") or match["name"].lower() == "pass":
        return False
    rest = text[at : at + 3].lstrip(TRAILING)
    return not (rest[:1] == " " and rest[1:2].isalpha())


STEMS = (
    *("pass", "pwd", "psw", "pw", "ifre", "İfre", "parola", "contrase", "senha", "kennwort", "wachtwoord", "hasło"),
    *("пароль", "密码", "密碼", "パスワード", "비밀번호", "secret", "token", "key", "cred", "sess", "sig", "auth"),
    *("bearer", "webhook", "connection"),
)
FAMILIES = (
    Family("secret", (Clue(literals=STEMS, anycase=True),), assigned),
    Family("secret", (Clue(literals=("--", " -u", "-pass", "-token", "-pwd")),), flags),
)
