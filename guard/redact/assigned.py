"""Secrets that a name announces: `DB_PASSWORD=...`, `"api_key": "..."`, `?token=...`, "my password is ..."."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.likely import may_be_key, may_be_password
from guard.redact.span import Clue, Family

CHOSEN = (
    r"pass(?:word|wort|wd|phrase|code)?s?|pwd|psw|\u015fifre(?:m|si|niz)?|sifre(?:m|si|niz)?|parola(?:m|s\u0131)?|contrase\u00f1a|senha|kennwort"
    r"|mot de passe|wachtwoord|has\u0142o|\u043f\u0430\u0440\u043e\u043b\u044c|\u5bc6\u7801|\u5bc6\u78bc|\u30d1\u30b9\u30ef\u30fc\u30c9|\ube44\ubc00\ubc88\ud638"
)
DRAWN = (
    r"secret(?:[_\-. ]?(?:access)?[_\-. ]?key)?|token|api[_\-. ]?key|apikey|(?:access|auth|private|encryption|signing|account|master|license"
    r"|service|session|security|storage|shared[_\-]?access|consumer|app|client|webhook|admin|bot|deploy)[_\-. ]?key(?:[_\-]?id)?"
    r"|credentials?|creds|sess(?:ion)?[_\-]?id|jsessionid|phpsessid|signature|sig|auth|bearer|webhook[_\-]?url|connection[_\-]?string"
)
NAMED = re.compile(
    rf"(?P<name>(?P<chosen>{CHOSEN})|(?:{DRAWN}))(?P<suffix>[A-Za-z0-9_.\-]{{0,24}}?)(?P<close>[\"'`\])]{{0,3}})"
    r"(?P<sep>[ \t]{0,4}(?::=|=>|={1,3}|:{1,2}|,(?=[ ]?[\"'])|>)[ \t]{0,4}|[ ](?:is|was|are|ist|lautet|es|est|\u00e8|\u00e9|olarak|:)[ ]{1,2}(?:now |set to |actually )?|[ \t]{1,2}(?=[\"'`])|(?:=\\?[\"']))"
    r"\\?(?P<quote>[\"'`]?)",
    re.IGNORECASE,
)
FLAG = re.compile(
    rf"--?(?P<name>(?P<chosen>(?:[a-z]{{1,12}}-)?(?:password|pass|passwd|pwd))|(?:[a-z]{{1,12}}-)?(?:token|secret|api-?key|access-key|secret-key))[ \t]{{1,3}}(?P<quote>[\"']?)(?!-)",
    re.IGNORECASE,
)
CURL_USER = re.compile(r"(?:[ ]-u|--user)[ =]{0,2}[\"']?(?P<value>[^\s:\"'$<>]{1,64}:[^\s\"'$<>@]{3,128})")
UNQUOTED = re.compile(r"[^\s\"'`<>&,;|]{3,2048}")
QUOTED = {quote: re.compile(rf"(?:[^{quote}\\\r\n]|\\.){{1,1024}}(?=\\?{quote}|$)") for quote in "\"'`"}
NOT_A_SECRET = re.compile(
    r"[_\-.]?(?:s?$(?<=s)|len(?:gth)?|count|size|limit|min|max|polic|reset|field|hint|type|name|id$|ids$|url|uri|path|file|expir|ttl|endpoint|version"
    r"|required|strength|label|input|page|form|prompt|chang|manager|bucket|usage|used|rate|budget|price|cost|per|s_|age|algo|format|length|error|status|valid)",
    re.IGNORECASE,
)
"""What stands between name and value and makes it something else: `token_count`, `password_length`."""
TRAILING = ".,;:!?)]}'\"\\"
WRAPPED = frozenset(("(", "["))


def assigned(text: str) -> Iterator[tuple[int, int]]:
    """Find the values behind names of secrets."""
    for match in NAMED.finditer(text):
        if _is_name(text, match):
            yield from _value(text, match, sure=_is_sure(text, match))


def flags(text: str) -> Iterator[tuple[int, int]]:
    """Find what follows --password and -u user:password on a command line."""
    for match in FLAG.finditer(text):
        yield from _value(text, match, sure=True)
    if "curl" in text:
        for match in CURL_USER.finditer(text):
            yield match.span("value")


def _is_name(text: str, match: re.Match[str]) -> bool:
    """`mytoken`, `API-Token` and `tokenValue` are names; `tokenize`, `compass` and `secretary` are not."""
    name, suffix = match["name"].lower(), match["suffix"]
    before = text[max(0, match.start() - 1) : match.start()]
    short = len(name) <= len("auth")
    if short and before.isalpha() and not (match["name"][0].isupper() and before.islower()):
        return False
    if suffix and suffix[0].islower() and suffix not in ("s", "m"):
        return False
    return not NOT_A_SECRET.match(suffix)


def _is_sure(text: str, match: re.Match[str]) -> bool:
    """Whether the spelling is a machine's, so that a plain word may be the value."""
    return (
        bool(match["quote"])
        and "=" not in match["sep"][-1:] + " "
        or "=" in match["sep"]
        or bool(match["quote"])
    )


def _value(text: str, match: re.Match[str], *, sure: bool) -> Iterator[tuple[int, int]]:
    quote = match["quote"]
    found = (QUOTED[quote] if quote else UNQUOTED).match(text, match.end())
    if not found:
        return
    value = found[0] if quote else _trimmed(found[0])
    after = text[match.end() + len(value) : match.end() + len(value) + 1]
    if not quote and after in WRAPPED:  # a call or an index: code
        return
    prose = not quote and (
        ":" in match.groupdict().get("sep", "=") and _line_goes_on(text, match.end() + len(value))
    )
    likely = may_be_password(value, sure=sure and not prose) if match["chosen"] else may_be_key(value)
    if not match["chosen"] and quote and " " in value:
        likely = False
    if likely and not (match["chosen"] and not quote and _is_code(value)):
        yield match.end(), match.end() + len(value)


def _trimmed(value: str) -> str:
    trimmed = value.rstrip(TRAILING)
    return (
        trimmed + value[len(trimmed) : len(trimmed) + 1] if value[len(trimmed) :].startswith("!") else trimmed
    )


def _line_goes_on(text: str, at: int) -> bool:
    return text[at : at + 1] == " " and text[at + 1 : at + 2].isalpha()


def _is_code(value: str) -> bool:
    return "(" in value or (
        "." in value and value.replace(".", "").replace("_", "").isalpha() and "!" not in value
    )


STEMS = (
    *(
        "pass",
        "pwd",
        "psw",
        "ifre",
        "parola",
        "contrase",
        "senha",
        "kennwort",
        "wachtwoord",
        "has\u0142o",
        "passe",
    ),
    *(
        "\u043f\u0430\u0440\u043e\u043b\u044c",
        "\u041f\u0430\u0440\u043e\u043b\u044c",
        "\u5bc6\u7801",
        "\u5bc6\u78bc",
    ),
    *(
        "\u30d1\u30b9\u30ef\u30fc\u30c9",
        "\ube44\ubc00\ubc88\ud638",
        "secret",
        "token",
        "key",
        "cred",
        "sess",
        "sig",
    ),
    *("auth", "bearer", "webhook", "connection"),
)
FAMILIES = (
    Family(
        "secret",
        (
            Clue(literals=STEMS, anycase=True),
            Clue(
                literals=(
                    "=",
                    ":",
                    " is ",
                    " was ",
                    " ist ",
                    " es ",
                    " est ",
                    "\u00e8",
                    "\u00e9",
                    '"',
                    "'",
                    "`",
                    ">",
                    " lautet ",
                    " olarak ",
                    " are ",
                )
            ),
        ),
        assigned,
    ),
    Family("secret", (Clue(literals=("--", " -u", "-pass", "-token", "-pwd")),), flags),
)
