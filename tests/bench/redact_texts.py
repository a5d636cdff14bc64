"""Texts of 500 characters to time redaction on, and hostile ones; a fixed seed, our own words."""

from __future__ import annotations

import random

SEED, LONG = 7, 500
CHAT = (
    "I was thinking about what you said yesterday and I agree.|Could you remind me where we stopped?|My"
    " sister lives in Kars and she likes the snow.|Let us plan the trip for the end of May, maybe by "
    "train.|Do you know a good book about bread?|The dog did not want to go out today because of the "
    "rain.|Bence yarın daha güzel olur, sen ne dersin?|We had 3 meetings, and the last one took 45 "
    "minutes.|It's fine.|I prefer tea over coffee, always have.|What is the weather like there?|Can you"
    " summarise this for me in two sentences?|The new phone is great but the battery is not.|My key "
    "takeaway was that nobody reads the manual.|Çok teşekkürler, görüşürüz!|Sure, here is a short list:"
    " flour, water, salt.|That was in 2019, I think.|He said: do it again!|She is 34 and he is 36 years"
    " old.|Ok, see you at 18:30 in front of the cinema."
).split("|")
LOGS = (
    "2026-01-05T15:32:12.345Z INFO worker-3 pid=4821 handled 120 items in 45ms|[05/Jan/2026:15:32:12 "
    '+0300] "GET /v1/items/5551234567890?page=2 HTTP/1.1" 200 1043|WARN retry 2 of 5 for job '
    "550e8400-e29b-41d4-a716-446655440000|commit 9fceb02d0ae598e95dc970b74767f19372d61af8 by bot|ERROR "
    "timeout after 1500 ms, epoch 1767225600123|uploaded 10485760 bytes, sha256 "
    "e3b0c44298fc1c149afbf4c8996fb924"
).split("|")
CODE = (
    "def login(user: str, password: str | None = None) -> Token:|    return session.post(url, "
    "json={'user': user}, timeout=2.5)|const total = items.reduce((sum, item) => sum + item.price * "
    "item.count, 0);|for (int i = 0; i < 1024; ++i) { buffer[i] = std::move(other[i]); }|SELECT id, "
    "name FROM users WHERE created_at > '2026-01-01' LIMIT 100;|import { useState } from 'react'; // "
    "see https://example.com/docs/hooks#rules|pip install django==4.2.11 celery>=5.4"
).split("|")
FOUND = (
    "write to ann.smith@example.com|call me at +90 532 123 45 67|my number is (415) 555-0132|the server"
    " is 192.0.2.17|pay with 4111 1111 1111 1111|IBAN DE89 3704 0044 0532 0130 "
    "00|DB_PASSWORD=hunter2x9|my SSN is 078-05-1123|postgres://app:s3cret@db.example.com/prod|0532 123 "
    "45 67 is my phone"
).split("|")
NUMBERS = (
    "2026-01-05T15:32:12.345Z|order 5551234567890|$1,234.99|1767225600123|v2.3.4|41.008238, "
    "28.978359|12:30:45.123|550e8400-e29b-41d4-a716-446655440000|978-3-16-148410-0|1 234 "
    "567|id=4111111111111112|TR9400110200|3.14159|2026/01/05 10:20|0.000123|#4821|7 x 8 = 56|rows "
    "482913 194829 10|192.0.2.17|5320123"
).split("|")
HOSTILE = {
    "a@": "a@",
    "1-1-1-": "1-",
    "dots": ".",
    "colons": ":",
    "brackets": "[{(",
    "digits": "4",
    "cards": "4444-",
    "plus": "+1",
    "zeros": "00 1",
    "letters": "a",
    "eyJ": "eyJ.",
    "keys": "sk-ghp_",
    "hex colons": "a:b::",
    "password=": "password=",
    "token=": "token=",
    "token=.": "token=.1",
    "quoted": "token='a",
    "said": "password x",
    "bearer": "bearer a",
    "auth": "authorization:",
    "atoms": "a.a@",
    "domains": "@a.b.c",
    "is": "password is ",
    "urls": "://a:b",
    "begin": "-----BEGIN PRIVATE KEY-----",
    "quotes": 'token="\\',
    "iban": "DE89 ",
    "phone words": "call 1 ",
    "spaces": " ",
    "zero width": "1\u200b",
    "placeholders": "[EMAIL]1",
    "ips": "1.1.1.",
    "labels": "@a.b",
}
"""What 100 KB are made of."""


def texts(kind: str, many: int) -> list[str]:
    """Return texts of one kind: `chat`, `mixed` (chats with a find or two, logs, code), `numeric`."""
    dice = random.Random(f"{SEED}:{kind}")  # noqa: S311 - texts, not secrets
    return [_text(dice, kind) for _ in range(many)]


def _text(dice: random.Random, kind: str) -> str:
    if kind == "mixed":
        source = dice.choice((CHAT, CHAT, LOGS, CODE))
        pieces = [dice.choice(source) for _ in range(12)]
        for _ in range(dice.choice((1, 2)) if source is CHAT else dice.choice((0, 0, 1))):
            pieces.insert(dice.randrange(6), dice.choice(FOUND))
    else:
        pieces = [dice.choice(CHAT if kind == "chat" else NUMBERS) for _ in range(60)]
    return " ".join(pieces)[:LONG].ljust(LONG)


def hostile(unit: str, size: int) -> str:
    """Return `size` characters of one unit."""
    return (unit * (size // len(unit) + 1))[:size]
