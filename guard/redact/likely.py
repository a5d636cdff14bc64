"""Whether a value may be a secret: not a placeholder, not a variable, with enough in it."""

from __future__ import annotations

import math
import re
from collections import Counter

PLACEHOLDER = re.compile(
    r"""[<\[{(%$*.\u2022\u2026_]|\\?\$|x{3,}|(?:your|my|some|the|new|old|insert|enter|put|add)[_\- ]|example|redacted|changeme
    |replace|placeholder|dummy|foo(?:bar)?$|\*|[\s*._\-x0]*$""",
    re.IGNORECASE | re.VERBOSE,
)
"""What a value that stands for another one begins with."""
WORDS = frozenset(
    (
        "none null nil undefined true false yes no on off str string int integer float bool boolean bytes text char varchar "
        "object any optional required missing invalid incorrect wrong expired empty unset set not is it be has was must "
        "should can may in of for and or the a an to from with this that these your my our their password passwd pwd "
        "passphrase secret secrets token tokens key keys apikey api_key user username name value values input output default "
        "auto reset change changed forgot forgotten hash hashed hidden stored saved sent here there please only never always "
        "type field param params args kwargs self cls env environment config settings secretstr prompt getpass todo tbd "
        "test basic bearer digest oauth oauth2 jwt session cookie cookies header headers body data json form public private "
        "validation protected encrypted confirm confirmation too then when if else return new old same both also now deg "
        "parola \u015fifre sifre kullan\u0131c\u0131 yok var de\u011fil unuttum strong weak short long minimum maximum policy rotation"
    ).split()
)
LOOKED_UP = re.compile(
    r"(?:os\.|process\.|env[.\[(]|getenv|config[.\[(]|settings[.\[]|self\.|this\.|secrets?\.|vault|data\.|var\.|args\.|req(?:uest)?\."
    r"|await |get_|fetch|read_|load_|~?/|\./|[a-z]+://|arn:|C:\\)",
    re.IGNORECASE,
)
IDENTIFIERS = re.compile(r"[A-Za-z_]+(?:[.\-_:/][A-Za-z_]+)*(?:\(.*)?$")
"""Words with joints, without a digit: code."""


def entropy_bits(value: str) -> float:
    """Return Shannon's entropy of the characters, in bits each."""
    many = len(value)
    return -sum(n / many * math.log2(n / many) for n in Counter(value).values())


def stands_for_another(value: str) -> bool:
    """Whether it is `<password>`, `${TOKEN}`, `xxxx`, `your_key`, a word of prose or a look-up."""
    return bool(PLACEHOLDER.match(value)) or value.lower() in WORDS or bool(LOOKED_UP.match(value))


def may_be_key(value: str) -> bool:
    """Whether it may have been drawn by a machine: tokens, keys, secrets."""
    if len(value) < 8 or stands_for_another(value) or IDENTIFIERS.match(value) and entropy_bits(value) < 3.9:
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if not has_digit:
        return len(value) >= 16 and not IDENTIFIERS.match(value.lower()) or len(value) >= 20 and _mixed(value)
    return has_letter and entropy_bits(value) >= 2.3


def _mixed(value: str) -> bool:
    return any(map(str.isupper, value[1:])) and any(map(str.islower, value)) and entropy_bits(value) >= 3.9


def may_be_password(value: str, *, sure: bool) -> bool:
    """Whether people may have chosen it; `sure` where the spelling says that a value stands here."""
    if len(value) < 4 - sure or stands_for_another(value):
        return False
    if value.isalpha():
        return sure and len(value) >= 4 or len(value) >= 8 and not value.islower() and not value.istitle()
    if IDENTIFIERS.match(value) and not sure:
        return False
    return sure or any(map(str.isdigit, value)) or _has_sign_inside(value)


def _has_sign_inside(value: str) -> bool:
    return (
        any(not character.isalnum() and character not in "'\u2019-._/," for character in value[:-1])
        and len(value) >= 6
    )
