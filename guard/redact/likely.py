"""Whether a value may be a secret: not a placeholder, not a variable, with enough in it."""

from __future__ import annotations

import math
import re
from collections import Counter

PLACEHOLDER = re.compile(
    r"""[<\[{•…]|\\?\$(?:[{(]|[A-Za-z_]+$)|%(?:[a-z]$|\w+%|\()|x{3,}|\*{2,}|\.{2,}|[\s*._\-x0]*$|!\w+$
    |(?:your|my|some|the|new|old|insert|enter|put|add)[_\-]|your[ ]|example|redacted|changeme|replace
    |placeholder|dummy|foo(?:bar)?$""",
    re.IGNORECASE | re.VERBOSE,
)
"""What a value that stands for another one begins with."""
WORDS = frozenset(
    (
        "none null nil undefined true false yes no on off str string int integer float bool boolean "
        "bytes text char varchar object any optional required missing invalid incorrect wrong expired "
        "empty unset set not is it be has was must should can may in of for and or the a an to from "
        "with this that these your my our their password passwd pwd passphrase secret secrets token "
        "tokens key keys apikey api_key user username name value values input output default auto reset"
        " change changed forgot forgotten hash hashed hidden stored saved sent here there please only "
        "never always type field param params args kwargs self cls env environment config settings "
        "secretstr prompt getpass todo tbd test basic bearer digest oauth oauth2 jwt session cookie "
        "cookies header headers body data json form public private validation protected encrypted "
        "confirm confirmation too then when if else return new old same both also now deg "
        "parola şifre sifre kullanıcı yok var değil unuttum strong weak short long minimum maximum policy "
        "rotation"
    ).split()
)
LOOKED_UP = re.compile(
    r"(?:os\.|process\.|env[.\[(]|getenv|config[.\[(]|settings[.\[]|self\.|this\.|secrets?\.|vault|data\.|var\."
    r"|args\.|req(?:uest)?\."
    r"|await |get_|fetch|read_|load_|~?/|\./|[a-z]+://|arn:|C:\\)",
    re.IGNORECASE,
)
IDENTIFIER = re.compile(r"[A-Za-z_]+$")
CODE = re.compile(r"\(|^[A-Za-z_]+(?:\??\.[A-Za-z_]+)+$|::")
"""A call, or words with dots between them."""
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\(.*)?$")
ABOUT_SECRETS = re.compile(
    r"pass|pwd|secret|token|key|cred|param|arg|input|value|field|user|hash", re.IGNORECASE
)
NUMBERED = re.compile(
    r"(?:v?[0-9.]+(?:st|nd|rd|th|px|m?s|[kmg]b?|h|x|%|days?)?|sha-?[0-9]+|md[45]|aes-?[0-9]+|rsa-?[0-9]+"
    r"|[0-9]+password|oauth2?|2fa|s3|[a-z]+[0-9]?)[.,;:!?)]*$"
)
"""`2nd`, `sha256`, `1password`, `step2`: words with a number in them."""
WIDTH = 128
LEAST_KEY, LEAST_PASSWORD, LEAST_BARE, LONG = 8, 4, 6, 20
"""Characters."""
KEY_BITS, LETTER_BITS, DOTTED_BITS = 2.3, 3.9, 4.2
"""Of entropy: with a digit, without, and with dots as code has them."""


def entropy_bits(value: str) -> float:
    """Return Shannon's entropy of the first characters, in bits each."""
    value = value[:WIDTH]
    many = len(value)
    return -sum(n / many * math.log2(n / many) for n in Counter(value).values())


def stands_for_another(value: str) -> bool:
    """Whether it is `<password>`, `${TOKEN}`, `xxxx`, `your_key`, a word of prose or a look-up."""
    return bool(PLACEHOLDER.match(value)) or value.lower() in WORDS or bool(LOOKED_UP.match(value))


def may_be_key(value: str) -> bool:
    """Whether it may have been drawn by a machine: tokens, keys, secrets."""
    if len(value) < LEAST_KEY or stands_for_another(value):
        return False
    if DOTTED.match(value) and entropy_bits(value) < DOTTED_BITS:
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if has_digit:
        return has_letter and entropy_bits(value) >= KEY_BITS
    return len(value) >= LONG and value.isalpha() and _mixed(value) and entropy_bits(value) >= LETTER_BITS


def _mixed(value: str) -> bool:
    return any(map(str.isupper, value[1:])) and any(map(str.islower, value))


def may_be_password(value: str, *, quoted: bool) -> bool:
    """Whether people may have chosen what stands behind = or in quotes: a word may be, a variable not."""
    if len(value) < LEAST_PASSWORD - quoted or stands_for_another(value):
        return False
    return quoted or not (CODE.search(value) or (IDENTIFIER.match(value) and ABOUT_SECRETS.search(value)))


def may_be_said(value: str, *, bare: bool) -> bool:
    """Whether it is a password in a sentence: no word of a language; `bare` where nothing announces it."""
    if len(value) < LEAST_PASSWORD or stands_for_another(value) or CODE.search(value):
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if bare:
        return has_digit and has_letter and len(value) >= LEAST_BARE and not NUMBERED.match(value)
    if has_digit:
        return not NUMBERED.match(value) or (has_letter and len(value) >= LEAST_BARE)
    if value.isalpha():
        return len(value) >= LEAST_KEY and _mixed(value) and not value.istitle() and not value.isupper()
    return len(value) >= LEAST_BARE and any(not c.isalnum() and c not in "'’-._/," for c in value[:-1])
