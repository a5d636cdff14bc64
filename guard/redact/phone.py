"""Phone numbers: international ones, shapes that only phones have, and bare digits near a word for one.

Not phones: timestamps, dates, ids, prices, versions, hashes, coordinates, order numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from guard.redact.dialling import LENGTHS, code_of
from guard.redact.nearby import Words, groups, names_a_thing, near, surroundings
from guard.redact.span import Clue, Family

GAP = r"[ ().\-/\t]{0,3}"
EXTENSION = re.compile(
    r"[ ,;]{0,2}(?:;ext=|#|(?:ext(?:ension|n)?|x|dahili|durchwahl|poste|ramal|доб)[ .:=]{0,2})"
    r"[0-9]{1,7}(?![0-9])",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"[0-9A-Za-z_@]|[.\-/:,][0-9]|[ ]?[%\u20ac$\u20ba\u00b0]|\s?(?:TL|USD|EUR|TRY|ms|px|kb|MB)\b"
)
"""Right behind digits: they are part of something else."""

INTERNATIONAL = re.compile(
    r"(?:\+(?<![A-Za-z0-9_+]\+)\(?|0(?<![A-Za-z0-9_.,:/\-]0)(?<![0-9][ ]0)(?:0|11)[ .\-]{0,2}\(?)"
    rf"([1-9](?:{GAP}[0-9]){{6,17}}+)"
)
START = re.compile(
    r"[(0-9](?=[0-9 ().\-/]{6})(?<![A-Za-z0-9_+$\u20ac\u00a3\u20ba#@].)(?<![0-9][.,:/\-].)(?<![A-Za-z]-.)"
)
"""Where a number may begin: not inside a word, an amount, a date, a decimal or a UUID."""
SHAPES = re.compile(
    # North America: 212-555-0123, 1 (212) 555-0123
    r"(?:1[ .\-/]{0,2})?\([2-9][0-9]{2}\)[ .\-]{0,2}[2-9][0-9]{2}[ .\-]?[0-9]{4}"
    r"|1[ .\-/]{1,2}[2-9][0-9]{2}[ .\-][2-9][0-9]{2}[ .\-][0-9]{4}"
    r"|[1-9][0-9]{2}(?:[.\-]|[ ]?-[ ])[0-9]{3}(?:[.\-]|[ ]?-[ ])[0-9]{4}"
    r"|[2-9][0-9]{2}/[2-9][0-9]{2}[.\-][0-9]{4}"
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
GROUPED = Clue(
    pattern=r"[0-9]{3}\)?[ .\-/]{1,3}[0-9]{3}[ .\-]{1,3}[0-9]{2}|\([0-9]{2,6}\)[ .\-/]{0,2}[0-9]{2}"
    r"|0[1-9][ .\-][0-9]{2}[ .\-][0-9]{2}[ .\-][0-9]{2}"
    r"|0[1-9][0-9]{0,4}[ \-/][ ]?[0-9]{3}|0[ .\-(]{0,3}5[0-9]{2}"
)
"""What each of SHAPES holds."""
LIKE_SHAPES = re.compile(GROUPED.pattern)
ROW = re.compile(r"[(0-9][0-9 ().\-/]{7,}")
LEAST, MOST = 9, 13
"""Digits of what SHAPES find."""
LEAST_ABROAD = 10
"""Digits behind 00: fewer are an id with zeros in front."""
ZIP = re.compile(r"[0-9]{5}-[0-9]{4}(?![0-9\-])")
DATE = re.compile(
    r"\(?(?:(?:19|20)[0-9]{2}([ .\-/])[0-9]{1,2}\1[0-9]{1,2}"
    r"|[0-3]?[0-9]([ .\-/])[0-9]{1,2}\2(?:19|20)[0-9]{2})(?![0-9])"
)
OWNERS = ("my", "his", "her", "our", "your", "their")
ANYWHERE = (
    *("тел", "номер", "звон", "电话", "電話", "手机", "手機", "携帯", "전화", "연락처", "هاتف", "تلفن"),
    *("जन", "फ़ोन", "फोन"),
)
STEMS = {
    "phone": "s?",
    "tel": r"(?:ef[oó]n\w{0,9}|éfono|éphone|ephone|ep)?s?",
    "mobil": r"(?:es?|e?nummer|telefon)?",
    "cell": "(?:ulare|phone)?",
    "dial": "(?:ing|ed|l?ed)?",
    "call": "(?:ed|ing|s)?",
    "text": "(?:ed)? (?:me|him|her|us|them|to|at|on)|(?=[ :]{1,2}[(0-9])",
    "ring": " (?:me|us|him|her|them)|(?=[ :]{1,2}[(0-9])",
    "reach": "(?:ed)? (?:me|him|her|us|them|at|on)",
    **dict.fromkeys(
        ("fax", "whatsapp", "wa.me", "viber", "telegram", "signal", "sms", "hotline", "landline"), ""
    ),
    **dict.fromkeys(
        ("whats app", "contact", "cep", "gsm", "handynummer", "handy", "rufnummer", "ruf", "rufen"), ""
    ),
    **dict.fromkeys(OWNERS, r" (?:\w{1,12} ){0,2}(?:numbers?|nr)"),
    "numara": r"\w{0,6}",
    "ara": "(?:yın|yıp|dım|sın|yabilirsiniz|r mısın)?",
    "anruf": r"\w{0,4}",
    "erreich": r"\w{0,6}",
    "appel": r"\w{0,4}",
    "llam": r"\w{0,5}",
    "llám": r"\w{0,5}",
    "chiam": r"\w{0,5}",
    **dict.fromkeys(("portable", "numéro", "móvil", "movil", "celular", "número", "ligue", "telemóvel"), ""),
    **dict.fromkeys(("bel", "bellen", "dzwoń", "zadzwoń"), ""),
}
WORDS = Words(
    STEMS,
    inside=("phone", "mobil"),
    anywhere=ANYWHERE,
    clue=(*(stem for stem in STEMS if stem not in OWNERS), *ANYWHERE, "number", " nr"),
)
FILLER = re.compile(
    r"(?:[^\w]|(?:numbers?|no|nr|is|me|us|at|on|to|num|numarası|numaram)(?![a-z]))*", re.IGNORECASE
)
CLOSE = 20
SHORT = 8
"""So few digits need their word right beside them."""
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
        if not end or (GOES_ON.match(text, end) and not EXTENSION.match(text, end)):
            continue
        if plus or not names_a_thing(text, match.start()):
            yield match.start(), _with_extension(text, end)


def shaped(text: str) -> Iterator[tuple[int, int]]:
    """Find numbers that are written as only phone numbers are."""
    at = 0
    for row in ROW.finditer(text):
        if not LIKE_SHAPES.search(text, *row.span()):
            continue
        for begin in START.finditer(text, *row.span()):
            start = begin.start()
            match = SHAPES.match(text, start) if start >= at else None
            if match and _is_shaped(text, start, match.end(), at):
                at = _with_extension(text, match.end())
                yield start, at


def _is_shaped(text: str, start: int, end: int, floor: int) -> bool:
    if not LEAST <= _digits(text[start:end]) <= MOST or DATE.match(text, start) or ZIP.match(text, start):
        return False
    if text[start] == "0" and start > floor + 1 and text[start - 2 : start - 1].isdigit():  # of a longer row
        return False
    if GOES_ON.match(text, end) and not EXTENSION.match(text, end):
        return False
    return not names_a_thing(text, start)


def called(text: str) -> Iterator[tuple[int, int]]:
    """Find other digits, where a word near says that somebody is called."""
    places, at = WORDS.places(text), 0
    for first, last in surroundings(places):
        for begin in START.finditer(text, max(at, first), last):
            start = begin.start()
            match = BARE.match(text, start) if start >= at else None
            end = _fit(text, start, match.end(), 7, 15) if match else 0
            if end and _is_called(text, start, end, near(places, start, end)):
                at = _with_extension(text, end)
                yield start, at


def _is_called(text: str, start: int, end: int, words: Sequence[tuple[int, int]]) -> bool:
    if not words or any(other.match(text, start) for other in (EPOCH, FOUR_PARTS, MONEY, DATE, YEARS)):
        return False
    if GOES_ON.match(text, end) and not EXTENSION.match(text, end):
        return False
    if names_a_thing(text, start):
        return False
    return _digits(text[start:end]) > SHORT or any(_touches(text, start, end, word) for word in words)


def _touches(text: str, start: int, end: int, word: tuple[int, int]) -> bool:
    if word[1] <= start:
        return FILLER.fullmatch(text, word[1], start) is not None
    return word[0] - end < CLOSE // 2


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
ABROAD = Clue(pattern=r"\+\(?[1-9]|0(?:0|11)[ .\-(]{0,3}[1-9]")
FAMILIES = (
    Family("phone", (SEVEN, ABROAD), international),
    Family("phone", (SEVEN, GROUPED), shaped),
    Family("phone", (SEVEN, WORDS.clue), called),
)
