"""What stands in the texts: published examples, and values computed by the published rules (SOURCES.md)."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator

import phonenumbers
from phonenumbers import PhoneNumberFormat as Form
from phonenumbers import PhoneNumberType as Type

LOCAL = (
    *(
        "john.doe",
        "jane_smith",
        "ayse.yilmaz",
        "mehmet+alisveris",
        "o'brien",
        "info",
        "a",
        "user.name+tag+sorting",
    ),
    *(
        "x",
        "first-last",
        "1234567890",
        "_______",
        "disposable.style.email.with+symbol",
        "fully-qualified-domain",
    ),
    *(
        "mail.with.dots",
        "user%example.com",
        "j\u00f6rg.m\u00fcller",
        "\u00e7a\u011fla",
        "jos\u00e9",
        "ANN.SMITH",
        "k.o",
        "n!ck",
    ),
    *(
        "customer/department",
        "sales-eu",
        "h2o",
        "web_master",
        "pele",
        "\u0434\u0436\u043e\u043d",
        "mr.x",
        "ali.veli49",
    ),
)
DOMAINS = (
    *("example.com", "example.org", "example.net", "mail.example.co.uk", "sub.dept.example.edu", "gmail.com"),
    *(
        "hotmail.com",
        "ornek.com.tr",
        "universite.edu.tr",
        "s.example",
        "xn--bcher-kva.example",
        "web.de",
        "orange.fr",
    ),
    *(
        "EXAMPLE.COM",
        "my-company.io",
        "startup.ai",
        "123.com",
        "m\u00fcller.de",
        "yandex.ru",
        "proton.me",
        "acme.technology",
    ),
    *(
        "example.museum",
        "q.xyz",
        "company.local",
        "t-online.de",
        "docs.example.travel",
        "outlook.com.br",
        "uni.ac.jp",
    ),
)
PUBLISHED_MAIL = (
    *('"very.unusual.@.unusual.com"@example.com', '"john..doe"@example.org', "mailhost!username@example.org"),
    *(
        "user-@example.org",
        "postmaster@[192.0.2.1]",
        "customer/department=shipping@example.com",
        "$A12345@example.com",
    ),
    *(
        "!def!xyz%abc@example.com",
        "_somename@example.com",
        "user+mailbox@example.com",
        "first.last@sub.do.com",
    ),
    *(
        "peter.piper@example.com",
        "Fred.Bloggs@example.com",
        "TEST@example.museum",
        "c@bjcom.com",
        "1@iana.org",
    ),
)
CARDS = (
    *(
        "4111111111111111",
        "4012888888881881",
        "4222222222222",
        "4242424242424242",
        "4000056655665556",
        "4917300800000000",
    ),
    *(
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "5200828282828210",
        "378282246310005",
        "371449635398431",
    ),
    *(
        "378734493671000",
        "6011111111111117",
        "6011000990139424",
        "30569309025904",
        "38520000023237",
        "36227206271667",
    ),
    *(
        "3530111333300000",
        "3566002020360505",
        "6200000000000005",
        "6759649826438453",
        "5019717010103742",
        "9792030394440796",
    ),
    *(
        "2201382000000013",
        "4484070000000000",
        "3528000700000000",
        "6011000400000000",
        "2222400070000005",
        "5127880999999990",
    ),
)
PREFIXES = (
    ("4", 16),
    ("51", 16),
    ("55", 16),
    ("2221", 16),
    ("2720", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("65", 16),
) + (
    *(
        ("305", 14),
        ("36", 14),
        ("3530", 16),
        ("62", 16),
        ("9792", 16),
        ("2200", 16),
        ("6759", 16),
        ("644", 16),
        ("4", 13),
    ),
)
IBANS = (
    "AD1200012030200359100100 AE070331234567890123456 AL47212110090000000235698741 AT611904300234573201 AZ21NABZ00000000137010001944 "
    "BA391290079401028494 BE68539007547034 BG80BNBG96611020345678 BH67BMAG00001299123456 BR9700360305000010009795493P1 BY13NBRB3600900000002Z00AB00 "
    "CH9300762011623852957 CR05015202001026284066 CY17002001280000001200527600 CZ6508000000192000145399 DE89370400440532013000 DK5000400440116243 "
    "DO28BAGR00000001212453611324 EE382200221020145685 ES9121000418450200051332 FI2112345600000785 FO6264600001631634 FR1420041010050500013M02606 "
    "GB29NWBK60161331926819 GE29NB0000000101904917 GI75NWBK000000007099453 GL8964710001000206 GR1601101250000000012300695 GT82TRAJ01020000001210029690 "
    "HR1210010051863000160 HU42117730161111101800000000 IE29AIBK93115212345678 IL620108000000099999999 IS140159260076545510730339 IT60X0542811101000000123456 "
    "JO94CBJO0010000000000131000302 KW81CBKU0000000000001234560101 KZ86125KZT5004100100 LB62099900000001001901229114 LI21088100002324013AA LT121000011101001000 "
    "LU280019400644750000 LV80BANK0000435195001 MC5811222000010123456789030 MD24AG000225100013104168 ME25505000012345678951 MK07250120000058984 "
    "MT84MALT011000012345MTLCAST001S MU17BOMM0101101030300200000MUR NL91ABNA0417164300 NO9386011117947 PK36SCBL0000001123456702 PL61109010140000071219812874 "
    "PS92PALS000000000400123456702 PT50000201231234567890154 QA58DOHB00001234567890ABCDEFG RO49AAAA1B31007593840000 RS35260005601001611379 SA0380000000608010167519 "
    "SE4550000000058398257466 SI56263300012039086 SK3112000000198742637541 SM86U0322509800000000270100 TN5910006035183598478831 TR330006100519786457841326 XK051212012345678906"
).split()
V6 = (
    *(
        "2001:db8::1",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "2001:db8:85a3::8a2e:370:7334",
        "fe80::1",
        "::1",
        "2001:DB8::8:800:200C:417A",
    ),
    *(
        "FF01::101",
        "::ffff:192.0.2.128",
        "2001:db8:0:0:1:0:0:1",
        "2001:db8::aaaa:0:0:1",
        "64:ff9b::192.0.2.33",
        "ff02::2",
        "2001:db8:122:344::192.0.2.33",
    ),
    *(
        "684D:1111:222:3333:4444:5555:6:77",
        "2400:c401::5054:ff:fe1b:b031",
        "3fff::beef:1",
        "2001:db8:cafe::17",
        "fd12:3456:789a:1::1",
        "1080:0:0:0:8:800:200C:417A",
    ),
)
WORDS = (
    "correct",
    "horse",
    "battery",
    "staple",
    "dragon",
    "sunshine",
    "Galatasaray",
    "monkey",
    "Winter",
    "trustno",
    "letmein",
    "Boncuk",
)


def emails(dice: random.Random) -> str:
    return (
        dice.choice(PUBLISHED_MAIL)
        if dice.random() < 0.12
        else f"{dice.choice(LOCAL)}@{dice.choice(DOMAINS)}"
    )


def cards(dice: random.Random) -> str:
    number = dice.choice(CARDS) if dice.random() < 0.35 else _with_luhn(dice)
    gap = dice.choice(("", "", " ", " ", "-", " ", "."))
    widths = {15: (4, 6, 5), 14: (4, 6, 4), 13: (4, 4, 4, 1), 16: (4, 4, 4, 4)}[len(number)]
    return gap.join(_cut(number, widths)) if gap else number


def _with_luhn(dice: random.Random) -> str:
    first, length = dice.choice(PREFIXES)
    body = first + _digits(dice, length - len(first) - 1)
    total = sum(sum(divmod(int(d) * (2 if at % 2 == 0 else 1), 10)) for at, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def _cut(text: str, widths: tuple[int, ...]) -> Iterator[str]:
    at = 0
    for width in widths:
        yield text[at : at + width]
        at += width


def ibans(dice: random.Random) -> str:
    iban = dice.choice(IBANS)
    if dice.random() < 0.5:
        country, account = iban[:2], _digits(dice, len(iban) - 4)
        rest = int(account + "".join(str(int(c, 36)) for c in country) + "00") % 97
        iban = f"{country}{98 - rest:02}{account}"
    shape = dice.randrange(6)
    if shape in (1, 2, 3):
        iban = (" " if shape < 3 else "-").join(iban[n : n + 4] for n in range(0, len(iban), 4))
    return iban.lower() if shape in (2, 5) else iban


def ips(dice: random.Random) -> str:
    kind = dice.randrange(8)
    if kind < 3:
        return f"{dice.choice(('192.0.2', '198.51.100', '203.0.113', '10.0.0', '192.168.1', '172.16.254'))}.{dice.randrange(256)}"
    if kind < 5:
        return ".".join(str(dice.randrange(1, 255)) for _ in range(4))
    if kind == 5:
        return dice.choice(V6)
    groups = [f"{dice.randrange(1, 65536):x}" for _ in range(6)]
    return "2001:db8:" + (
        ":".join(groups) if kind == 6 else ":".join(groups[: dice.randrange(1, 4)]) + "::" + groups[-1]
    )


def ssns(dice: random.Random) -> str:
    area = dice.choice([*range(1, 666), *range(667, 900)])
    gap = dice.choice(("-", "-", "-", "-", " ", "."))
    return f"{area:03}{gap}{dice.randrange(1, 100):02}{gap}{dice.randrange(1, 10000):04}"


def bare_ssns(dice: random.Random) -> str:
    return "".join(filter(str.isdigit, ssns(dice)))


def phones(region: str) -> Callable[[random.Random], str]:
    """Return numbers of a region in the format that needs no word beside it."""
    return lambda dice: _phone(dice, region, (Form.INTERNATIONAL, Form.INTERNATIONAL, Form.E164))


def national_phones(region: str) -> Callable[[random.Random], str]:
    return lambda dice: _phone(dice, region, (Form.NATIONAL,))


def _phone(dice: random.Random, region: str, forms: tuple[int, ...]) -> str:
    kinds = [
        kind for kind in (Type.MOBILE, Type.FIXED_LINE) if phonenumbers.example_number_for_type(region, kind)
    ]
    number = phonenumbers.example_number_for_type(region, dice.choice(kinds))
    digits = [*str(number.national_number)]
    digits[-3:] = [*_digits(dice, 3)]
    number.national_number = int("".join(digits))
    text = phonenumbers.format_number(number, dice.choice(forms))
    if forms[0] == Form.NATIONAL:
        return text
    return dice.choice(
        (
            text,
            text,
            text.replace(" ", "-"),
            text.replace(" ", "."),
            text.replace("+", "00"),
            text.replace(" ", "\u00a0"),
        )
    )


TURKISH = (
    "0{a} {b} {c} {d}",
    "0 {a} {b} {c} {d}",
    "0({a}) {b} {c} {d}",
    "(0{a}) {b} {c} {d}",
    "0{a}-{b}-{c}-{d}",
    "0{a}{b}{c}{d}",
) + (
    *(
        "+90 ({a}) {b} {c} {d}",
        "+90{a}{b}{c}{d}",
        "+90 {a} {b} {c}{d}",
        "0090 {a} {b} {c} {d}",
        "{a} {b} {c} {d}",
        "0{a}.{b}.{c}.{d}",
    ),
    *(
        "0{a} {b} {c}{d}",
        "({a}) {b} {c} {d}",
        "+90-{a}-{b}-{c}-{d}",
        "+90.{a}.{b}.{c}.{d}",
        "90 {a} {b} {c} {d}",
    ),
)
AMERICAN = (
    "({a}) {b}-{c}",
    "{a}-{b}-{c}",
    "{a}.{b}.{c}",
    "1-{a}-{b}-{c}",
    "+1 ({a}) {b}-{c}",
    "+1{a}{b}{c}",
    "1 ({a}) {b}-{c}",
) + (
    *(
        "{a} {b} {c}",
        "({a}){b}-{c}",
        "{a}/{b}-{c}",
        "+1.{a}.{b}.{c}",
        "({a}) {b}-{c} ext. 12",
        "{a}-{b}-{c} x4567",
        "+1-{a}-{b}-{c}",
    ),
)


def turkish_phones(dice: random.Random) -> str:
    area = dice.choice(("532", "505", "542", "555", "533", "541", "507", "530", "551"))
    return dice.choice(TURKISH).format(a=area, b=_digits(dice, 3), c=_digits(dice, 2), d=_digits(dice, 2))


def american_phones(dice: random.Random) -> str:
    area = dice.choice(("212", "415", "650", "800", "312", "206", "917", "843", "540"))
    return dice.choice(AMERICAN).format(
        a=area, b=dice.choice(("555", "234", "867", "642")), c=f"01{_digits(dice, 2)}"
    )


def bare_phones(dice: random.Random) -> str:
    return dice.choice(("0532{}", "0212{}", "415{}", "90532{}", "212{}", "0049301{}", "0207{}")).format(
        _digits(dice, 7)
    )


def passwords(dice: random.Random) -> str:
    word = dice.choice(WORDS)
    return dice.choice(
        (
            *(
                f"{word}{dice.randrange(1, 2030)}",
                f"{word.title()}!{dice.randrange(10, 99)}",
                _mix(dice, 12),
                f"{_mix(dice, 5)}#{_mix(dice, 4)}",
            ),
            *(
                f"P@ss{word}{dice.randrange(10)}",
                f"{word}-{dice.choice(WORDS)}-{dice.randrange(100)}",
                f"${_mix(dice, 9)}!"[1:],
            ),
        )
    )


def tokens(dice: random.Random) -> str:
    return dice.choice(
        (_mix(dice, 32), _hex(dice, 40), _mix(dice, 24), _hex(dice, 32), f"{_mix(dice, 20)}-{_mix(dice, 12)}")
    )


def jwts(dice: random.Random) -> str:
    return f"eyJ{_mix(dice, 33)}.eyJ{_mix(dice, 60)}.{_mix(dice, 43)}"


def logins(dice: random.Random) -> str:
    return f"{dice.choice(('admin', 'app', 'root', 'svc-deploy', 'ann', '', 'readonly', 'user_1'))}:{_url_password(dice)}"


def _url_password(dice: random.Random) -> str:
    return dice.choice(
        (
            _mix(dice, 12),
            f"{dice.choice(WORDS)}{dice.randrange(99)}",
            f"p%40{_mix(dice, 8)}",
            f"{_mix(dice, 6)}!{_mix(dice, 4)}",
            dice.choice(WORDS),
        )
    )


def _digits(dice: random.Random, many: int) -> str:
    return "".join(dice.choice(string.digits) for _ in range(many))


def _mix(dice: random.Random, many: int) -> str:
    return (
        dice.choice(string.ascii_letters)
        + "7"
        + "".join(dice.choice(string.ascii_letters + string.digits) for _ in range(many - 2))
    )


def _hex(dice: random.Random, many: int) -> str:
    return "".join(dice.choice("0123456789abcdef") for _ in range(many))
