"""Write dev.jsonl and held_out.jsonl: `python tests/guard/redact/corpus/make.py`.

Fixed seed; a key's prefix is broken by BREAK in the files, so that nobody's scanner takes them for leaks.
"""

from __future__ import annotations

import json
import random
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import carriers  # noqa: E402 - a script beside its parts
import prefixed  # noqa: E402
import published  # noqa: E402
import values  # noqa: E402

SEED, EACH, CLEAN = 20261123, 260, 800
BREAK = "\u241f"
ODD = str.maketrans({"-": "\u2011", " ": "\u00a0"})
FULLWIDTH = str.maketrans("0123456789+", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff0b")
ARABIC = str.maketrans("0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669")
Draw = Callable[[random.Random], str]
REGIONS = (
    "GB DE FR ES IT NL IN BR MX JP CN AU CA PL SE RU UA GR PT ZA EG SA AE IL KR AZ CH AT BE DK NO FI".split()
)
NATIONAL = "GB DE FR IT NL BR AU CA SE GR ZA IL JP CN IN ES PL RU".split()


def plan() -> list[tuple[str, str, tuple[str, ...], Draw, int]]:
    """Return (name, kind, carriers, values, how many a split)."""
    world = [
        (f"phone-{region}", "phone", (*carriers.CALL, *carriers.CHAT[:8]), values.phones(region), 8)
        for region in REGIONS
    ]
    home = [
        (f"national-{region}", "phone", carriers.CALL, values.national_phones(region), 5)
        for region in NATIONAL
    ]
    return [
        ("email", "email", (*carriers.MAIL, *carriers.CHAT), values.emails, EACH),
        ("phone-TR", "phone", (*carriers.CALL, *carriers.CHAT), values.turkish_phones, 80),
        ("phone-US", "phone", (*carriers.CALL, *carriers.CHAT), values.american_phones, 80),
        ("phone-bare", "phone", carriers.CALL, values.bare_phones, 40),
        *world,
        *home,
        ("card", "card", (*carriers.CARD, *carriers.CHAT), values.cards, EACH),
        ("iban", "iban", (*carriers.IBAN, *carriers.CHAT), values.ibans, EACH),
        ("ip", "ip", (*carriers.HOST, *carriers.CHAT), values.ips, EACH),
        ("ssn", "ssn", (*carriers.SSN, *carriers.CHAT), values.ssns, 200),
        ("ssn-bare", "ssn", carriers.SSN, values.bare_ssns, 60),
        ("url", "url_password", carriers.URL, values.logins, 220),
        ("key", "api_key", carriers.KEY, prefixed.keys, 320),
        ("jwt", "token", (*carriers.CHAT, *carriers.HEADER), values.jwts, 110),
        ("bearer", "token", carriers.HEADER, values.tokens, 110),
        ("password", "secret", carriers.PASSWORD, values.passwords, 150),
        ("secret", "secret", carriers.TOKEN, values.tokens, 110),
    ]


def records(parity: int) -> Iterator[dict[str, object]]:
    """Yield one split; its carriers and its draws are none of the other's."""
    for name, kind, sentences, draw, many in plan():
        dice = random.Random(f"{SEED}:{name}:{parity}")
        mine = sentences[parity::2]
        for _ in range(many):
            yield record(name, kind, dice.choice(mine), disguised(dice, kind, draw(dice)))
    yield from map(marked, published.TEXTS[parity::2])
    dice = random.Random(f"{SEED}:clean:{parity}")
    for _ in range(CLEAN):
        yield {"source": "clean", "text": filled(dice, dice.choice(carriers.CLEAN[parity::2])), "spans": []}


def record(name: str, kind: str, sentence: str, value: str) -> dict[str, object]:
    pieces = sentence.replace("{{", "\0").replace("}}", "\1").split("{}")
    text, spans = "", []
    for at, piece in enumerate(pieces):
        if at:
            spans.append([len(text), len(text) + len(value), kind])
            text += value
        text += piece.replace("\0", "{").replace("\1", "}")
    return {"source": name, "text": text, "spans": spans}


def marked(text: str) -> dict[str, object]:
    """Read the marks of a published text."""
    plain, spans = "", []
    for piece in re.split(r"(<(?:email|phone|card|ssn|ip):[^>]*>)", text):
        if mark := re.fullmatch(r"<([a-z]+):(.*)>", piece):
            spans.append([len(plain), len(plain) + len(mark[2]), mark[1]])
        plain += mark[2] if mark else piece
    return {"source": "published", "text": plain, "spans": spans}


def disguised(dice: random.Random, kind: str, value: str) -> str:
    """Give one number in twelve other digits, dashes, spaces or a zero-width space."""
    if kind not in ("phone", "card", "iban", "ssn") or dice.random() > 1 / 12:
        return value
    at = dice.randrange(1, len(value))
    return dice.choice(
        (
            value.translate(ODD),
            value.translate(FULLWIDTH),
            value.translate(ARABIC),
            f"{value[:at]}\u200b{value[at:]}",
        )
    )


def filled(dice: random.Random, sentence: str) -> str:
    def value(match: re.Match[str]) -> str:
        kind, many = match[1], int(match[2] or 0)
        if kind == "uuid":
            return str(uuid.UUID(int=dice.getrandbits(128), version=4))
        alphabet = "0123456789abcdef" if kind == "hex" else "0123456789"
        return "".join(dice.choice(alphabet) for _ in range(many))

    return re.sub(r"\{(n|hex|uuid)(\d*)\}", value, sentence).replace("{{", "{").replace("}}", "}")


def broken(row: dict[str, object]) -> dict[str, object]:
    """Return a row whose key no scanner knows: after its second letter stands BREAK."""
    if row["source"] not in ("key", "jwt"):
        return row
    text, [[start, *_], *_] = str(row["text"]), row["spans"]
    return {**row, "text": f"{text[: start + 2]}{BREAK}{text[start + 2 :]}"}


def main() -> None:
    for parity, split in enumerate(("dev", "held_out")):
        lines = [json.dumps(broken(row), ensure_ascii=False) for row in records(parity)]
        (HERE / f"{split}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
