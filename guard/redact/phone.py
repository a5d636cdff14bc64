"""Phone numbers: international ones, formats that say phone by their shape, and bare digits near a word for one.

Not phones: timestamps, dates, ids, prices, versions, hashes, coordinates, order numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.redact.dialling import LENGTHS, code_of
from guard.redact.nearby import any_near, groups, names_a_thing, positions, said
from guard.redact.span import Clue, Family

GAP = r"[ ().\-/\t]{0,3}"
EXTENSION = re.compile(
    r"[ ,;]{0,2}(?:;ext=|#|(?:ext(?:ension|n)?|x|dahili|durchwahl|poste|ramal|\u0434\u043e\u0431)[ .:=]{0,2})[0-9]{1,7}(?![0-9])",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"[0-9A-Za-z_@]|[.\-/:,][0-9]|[ ]?[%\u20ac$\u20ba\u00b0]|\s?(?:TL|USD|EUR|TRY|ms|px|kb|MB)\b"
)
"""Right behind digits: they are part of something else."""

INTERNATIONAL = re.compile(
    r"(?:\+(?<![A-Za-z0-9_+]\+)[ (]{0,2}|0(?<![A-Za-z0-9_.,:/\-]0)(?<![0-9][ ]0)(?:0|11)[ .\-]{0,2}\(?)"
    rf"([1-9](?:{GAP}[0-9]){{6,17}}+)"
)
START = re.compile(r"[(0-9](?<![A-Za-z0-9_+$\u20ac\u00a3\u20ba#@].)(?<![0-9][.,:/\-].)(?<![A-Za-z]-.)")
"""Where a number may begin: not inside a word, an amount, a date, a decimal or a UUID."""
SHAPES = re.compile(
    # North America: 212-555-0123, 1 (212) 555-0123
    r"(?:1[ .\-/]{0,2})?\([2-9][0-9]{2}\)[ .\-]{0,2}[2-9][0-9]{2}[ .\-]?[0-9]{4}"
    r"|1[ .\-/]{1,2}[2-9][0-9]{2}[ .\-][2-9][0-9]{2}[ .\-][0-9]{4}"
    r"|[1-9][0-9]{2}(?:[.\-]|[ ]?-[ ])[0-9]{3}(?:[.\-]|[ ]?-[ ])[0-9]{4}|[2-9][0-9]{2}/[2-9][0-9]{2}[.\-][0-9]{4}"
    r"|[2-9][0-9]{2}[ ][2-9][0-9]{2}[ \-][0-9]{4}(?![ ][0-9])"
    # Turkey: 0532 123 45 67, 0 (212) 123 45 67, 532 123 45 67, 05321234567, 90 532 123 45 67
    r"|(?:0[ .\-]?\(?|\(0?)[2-58][0-9]{2}\)?[ .\-]{0,2}[0-9]{3}[ .\-][0-9]{2}[ .\-]?[0-9]{2}"
    r"|(?:0[ .\-]{0,3}\(?|\(0?)5[0-9]{2}\)?(?:[ .\-]{0,3}[0-9]){7}|0[ ]?\([2-58][0-9]{2}\)[ ]?[0-9]{7}"
    r"|(?:90[ .\-]?)?5[0-9]{2}[ .\-][0-9]{3}[ .\-][0-9]{2}[ .\-][0-9]{2}"
    # France: 06 12 34 56 78; Russia: 8 (912) 345-67-89; Brazil: (11) 91234-5678
    r"|0[1-9](?:[ .\-][0-9]{2}){4}"
    r"|8[ ]?\([0-9]{3}\)[ ]?[0-9]{3}[ \-][0-9]{2}[ \-][0-9]{2}"
    r"|\([0-9]{2,5}\)[ \-]{0,2}[0-9]{3,5}[ \-][0-9]{4}"
    # a trunk 0 and groups: 020 7946 0958, 07700 900123, (030) 12345678
    r"|\(0[0-9]{1,5}\)[ \-/]{0,2}[0-9]{2,8}(?:[ \-][0-9]{2,6}){0,3}"
    r"|0[1-9][0-9]{0,4}[ \-/][ ]?[0-9]{3,8}(?:[ \-][0-9]{2,6}){0,3}"
)
LEAST, MOST = 9, 13
"""Digits of what SHAPES find."""
LEAST_ABROAD = 10
"""Digits behind 00: fewer are an id with zeros in front."""
DATE = re.compile(
    r"\(?(?:(?:19|20)[0-9]{2}([ .\-/])[0-9]{1,2}\1[0-9]{1,2}|[0-3]?[0-9]([ .\-/])[0-9]{1,2}\2(?:19|20)[0-9]{2})(?![0-9])"
)
WORDS = re.compile(
    "|".join(
        (
            r"(?<![a-z])(?:(?:tele|smart)?phones?|tel(?:efon\w{0,9}|éfono|éphone|efono|ep)?|mobiles?|mobil(?:e?nummer|telefon)?",
            r"cell(?:ulare|phone)?|fax|whats ?app|wa\.me|viber|telegram|signal|call(?:ed|ing|s)?|dial(?:l?ed|l?ing)?|sms",
            r"(?:text|ring|reach)(?:ed)? (?:me|him|her|us|them|to|at|on)|hotline|landline|contact|(?:ring|text)(?=[ :]{1,2}$)",
            r"(?:my|his|her|our|your|their) (?:\w{1,12} ){0,2}(?:numbers?|nr)|numara\w{0,6}|cep|gsm",
            r"ara(?:yın|yıp|dım|sın|yabilirsiniz|r mısın)?|telsiz|handy(?:nummer)?|ruf(?:en|nummer|t)?|anruf\w{0,4}",
            r"erreich\w{0,6}|portable|appel\w{0,4}|numéro|móvil|movil|celular|llám\w{0,5}|llam\w{0,5}|número|ligue",
            r"telemóvel|chiam\w{0,5}|bel(?:len)?|dzwoń|zadzwoń)(?![a-z])",
            r"тел|номер|звон|电话|電話|手机|手機|携帯|전화|연락처|هاتف|تلفن|जन|फ़ोन|फोन",
        )
    ),
    re.IGNORECASE,
)
CLOSE = 24
BESIDE = re.compile(
    rf"(?:{WORDS.pattern})(?:[^\w]|(?:numbers?|no|nr|is|me|us|at|on|to|num|numarası|numaram)(?![a-z]))*$",
    re.IGNORECASE,
)
"""So short a number needs its word right before it."""
SHORT = 8
STEMS = (
    *(
        "phone",
        "tel",
        "mobil",
        "cell",
        "fax",
        "whats",
        "wa.me",
        "viber",
        "signal",
        "call",
        "dial",
        "sms",
        "text me",
    ),
    *(
        "text h",
        "text us",
        "text them",
        "text to",
        "text:",
        "texted",
        "ring ",
        "ring:",
        "reach",
        "hotline",
        "landline",
    ),
    *(
        "contact",
        "number",
        " nr",
        "numara",
        "cep",
        "gsm",
        " ara",
        "handy",
        "ruf",
        "portable",
        "appel",
        "numéro",
    ),
    *(
        "móvil",
        "movil",
        "celular",
        "llam",
        "llám",
        "número",
        "ligue",
        "chiam",
        "bel ",
        "bellen",
        "dzwoń",
        "erreich",
    ),
    *(
        "тел",
        "номер",
        "звон",
        "电话",
        "電話",
        "手机",
        "手機",
        "携帯",
        "전화",
        "연락",
        "هاتف",
        "تلفن",
        "जन",
        "फ़ोन",
        "फोन",
    ),
)
"""Each word of WORDS holds one of these, but for `ara` where a text begins."""
BARE = re.compile(r"\(?[0-9](?:[ ().\-/]{0,3}[0-9]){6,16}+")
YEARS = re.compile(r"(?:19|20)[0-9]{2} ?[\-/] ?(?:19|20)[0-9]{2}(?![0-9])")
EPOCH = re.compile(r"1[4-9][0-9]{8}(?:[0-9]{3}){0,3}(?![0-9])")
FOUR_PARTS = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9])")
MONEY = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?![0-9\-])|[0-9]{1,8}\.[0-9]+(?![0-9.\- ])")


def international(text: str) -> Iterator[tuple[int, int]]:
    """Find +CC and 00CC numbers of a length that the country has."""
    for match in INTERNATIONAL.finditer(text):
        plus = match[0][0] == "+"
        if not plus and _digits(match[1]) < LEAST_ABROAD:
            continue
        end = _international_end(text, match.start(1), match.end())
        if not end or GOES_ON.match(text, end) and not EXTENSION.match(text, end):
            continue
        if plus or not names_a_thing(text, match.start()):
            yield match.start(), _with_extension(text, end)


def shaped(text: str) -> Iterator[tuple[int, int]]:
    """Find numbers that are written as only phone numbers are."""
    at = 0
    for begin in START.finditer(text):
        start = begin.start()
        match = SHAPES.match(text, start) if start >= at else None
        if not match or not LEAST <= _digits(match[0]) <= MOST or DATE.match(text, start):
            continue
        end = _with_extension(text, match.end())
        if (
            text[start] == "0" and start > at + 1 and text[start - 2 : start - 1].isdigit()
        ):  # a group of a longer row
            continue
        if (end > match.end() or not GOES_ON.match(text, end)) and not names_a_thing(text, start):
            at = end
            yield start, end


def called(text: str) -> Iterator[tuple[int, int]]:
    """Find other digits, where a word near says that somebody is called."""
    words, at = positions(STEMS, text), 0
    for begin in START.finditer(text):
        start = begin.start()
        if start < at or not any_near(words, start, start):
            continue
        match = BARE.match(text, start)
        end = _fit(text, start, match.end(), 7, 15) if match else 0
        if end and _may_be_called(text, start, end):
            at = _with_extension(text, end)
            yield start, at


def _may_be_called(text: str, start: int, end: int) -> bool:
    if any(other.match(text, start) for other in (EPOCH, FOUR_PARTS, MONEY, DATE, YEARS)):
        return False
    if GOES_ON.match(text, end) and not EXTENSION.match(text, end):
        return False
    return _is_called(text, start, end)


def _is_called(text: str, start: int, end: int) -> bool:
    if names_a_thing(text, start):
        return False
    if _digits(text[start:end]) <= SHORT:
        return bool(
            BESIDE.search(text[max(0, start - CLOSE) : start]) or WORDS.search(text[end : end + CLOSE // 2])
        )
    return said(WORDS, text, start, end)


def _international_end(text: str, start: int, end: int) -> int:
    """Return where the number ends, 0 if no country has it."""
    digits = "".join(filter(str.isdigit, text[start:end]))
    code = code_of(digits)
    if code is None:
        return 0
    least, most = LENGTHS[code]
    trunk = digits[len(code) :].startswith("0") and code != "39"  # Italy's 0 is part of the number
    return _fit(text, start, end, len(code) + least + trunk, len(code) + most + trunk)


def _fit(text: str, start: int, end: int, least: int, most: int) -> int:
    """Return the end of the longest row of whole groups with so many digits, 0 if there is none."""
    digits = best = 0
    for first, last in groups(text, start, end):
        digits += last - first
        if digits > most:
            break
        if digits >= least:
            best = last
    return best


def _with_extension(text: str, end: int) -> int:
    match = EXTENSION.match(text, end)
    return match.end() if match else end


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


SEVEN = Clue(pattern=r"[0-9][0-9 ().\-/\t]{5}[0-9 ().\-/\t]*[0-9]")
FAMILIES = (
    Family("phone", (SEVEN, Clue(pattern=r"\+[ (]{0,2}[1-9]|0(?:0|11)[ .\-(]{0,3}[1-9]")), international),
    Family(
        "phone",
        (
            SEVEN,
            Clue(
                pattern=r"[)0-9][ .\-/]{1,2}[0-9]{2,8}[ .\-]|\([0-9]{2,6}\)|0[1-9][0-9]{0,4}[ \-/]|05[0-9]{9}"
            ),
        ),
        shaped,
    ),
    Family("phone", (SEVEN, Clue(literals=STEMS, anycase=True)), called),
)
