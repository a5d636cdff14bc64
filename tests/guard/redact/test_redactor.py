"""What leaves, what stays, and what a batch becomes."""

from __future__ import annotations

import pytest

from guard.redact import Redactor, RedactPolicy, UnredactableError
from guard.redact.policy import PLACEHOLDER

KEY = b"sixteen bytes of it"


@pytest.fixture(scope="module")
def redactor():
    return Redactor()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("mail ann.b+x@example.co.uk, please", "mail [EMAIL], please"),
        ("a@b.io and c@d.org", "[EMAIL] and [EMAIL]"),
        ("call +90 532 123 45 67 now", "call [PHONE] now"),
        ("call +44 (20) 7946-0958.", "call [PHONE]."),
        ("+12025550143", "[PHONE]"),
        ("0532 123 45 67", "[PHONE]"),
        ("05321234567", "[PHONE]"),
        ("(532) 123 45 67", "[PHONE]"),
        ("tel. 512 345 678", "tel. [PHONE]"),
        ("(415) 555-0132 ext. 12", "[PHONE]"),
        ("call me \u0660\u0665\u0663\u0662 \u0661\u0662\u0663 \u0664\u0665 \u0666\u0667", "call me [PHONE]"),
        ("\u96fb\u8a7113812345678", "\u96fb\u8a71[PHONE]"),
        ("a\u200b@b.io", "[EMAIL]"),
        ("card 4111 1111 1111 1111 12/28", "card [CARD] 12/28"),
        ("4111\u20111111\u20111111\u20111111", "[CARD]"),
        ("tr33 0006 1005 1978 6457 8413 26'ya", "[IBAN]'ya"),
        ("192.168.1.1:8080 and 10.0.0.0/8", "[IP]:8080 and [IP]"),
        ("http://[2001:db8::1]/x", "http://[[IP]]/x"),
        ("SSN 123456789", "SSN [SSN]"),
        ("postgres://app:s3cret@db/prod", "postgres://[URL_PASSWORD]@db/prod"),
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=[SECRET]"),
        ('{"api_key": "abc123def456ghi7"}', '{"api_key": "[SECRET]"}'),
        ("?token=abcdef1234567890&x=1", "?token=[SECRET]&x=1"),
        ("Authorization: Bearer abcdef1234567890", "Authorization: Bearer [TOKEN]"),
        ("my password is hunter2!", "my password is [SECRET]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY----- x", "[PRIVATE_KEY] x"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow\nAbc", "[PRIVATE_KEY]"),
    ],
)
def test_what_leaves(redactor, text, clean):
    assert redactor.text(text)[0] == clean


@pytest.mark.parametrize(
    "text",
    [
        *("order 5551234567890", "order 5321234567", "2026-01-05 15:32:12.345", "1767225600", "5 + 5 = 10"),
        *("version 5.123.45.67", "id 550e8400-e29b-41d4-a716-446655440000", "a @ b", "user@localhost"),
        *(
            "price 5.320,00 TL",
            "commit 5deadbeef5",
            "+5 C today, +12 tomorrow",
            "logo@2x.png",
            "std::vector a[::1]",
        ),
        *("git@github.com:ann/x.git", "Chrome/120.0.0.0", "the password is wrong", "password: str = None"),
        *(
            "api_key=YOUR_API_KEY",
            "token: ${{ secrets.TOKEN }}",
            "bearer of bad news",
            "my order number is 4155552671",
        ),
        *(
            *("order no 212-555-0123", "666-12-3456", "https://user:${PASS}@host/x", "ghp_" + "a1" * 18),
            *("token: ${TOKEN_2026_A}", "api_key=your-api-key-12345", "secret: <secret-1234-abcd>"),
            "4111111111111112",
            "000-12-3456",
            "GB29 NWBK 6016 1331 9268 18",
            "duplicate compass",
            "12:34:56",
            "[EMAIL]",
        ),
    ],
)
def test_what_stays_is_the_same_object(redactor, text):
    clean, counts = redactor.text(text)
    assert clean is text
    assert counts == {}


def test_findings_are_counted_by_kind(redactor):
    assert redactor.text("a@b.io +12025550143 c@d.io")[1] == {"email": 2, "phone": 1}


def test_overlaps_are_replaced_as_one(redactor):
    text = "https://ghp_0123456789abcdefghijABCDEFGHIJ012345@github.com/x"
    assert redactor.text(text)[0] == "https://[API_KEY]@github.com/x"


def test_what_stood_beside_a_find_is_looked_at_again(redactor):
    twice = redactor.text("4111 1111 1111 1111a@b.io c@d.io@e.io")[0]
    assert redactor.text(twice)[0] is twice


def test_two_finds_close_together_hide_no_third_one(redactor):
    token = "eyJP7QtsTDlOowtTxpw626zyRF8V0ILjcPISBFdCm9uIfim5Mb2MBDzGfIuOkBo.G798pZPrEPMhD0lDYgKXwYQgwQBTNW3qWvlHAFuIL4v"
    once = redactor.text(f"a@b.io,{'x' * 62}.eyJP7Qts.{token}(02) 1234 5701")[0]
    assert redactor.text(once)[0] is once


def test_only_the_kinds_of_the_policy_are_replaced():
    redactor = Redactor(RedactPolicy(kinds=frozenset(("email",))))
    assert redactor.text("a@b.io +12025550143")[0] == "[EMAIL] +12025550143"


def test_addresses_are_found_when_asked_for():
    text = "I live at 1600 Pennsylvania Avenue NW and Atatürk Mah. 12. Sok. No: 5"
    assert Redactor().text(text)[0] is text
    assert Redactor(RedactPolicy(kinds=frozenset(("address",)))).text(text)[1] == {"address": 2}


def test_allowed_values_and_domains_pass():
    redactor = Redactor(RedactPolicy(allow=frozenset(("support@example.com", "@ours.example", "127.0.0.1"))))
    text = "Support@Example.com ann@ours.example 127.0.0.1 ann@theirs.example"
    assert redactor.text(text)[0] == "Support@Example.com ann@ours.example 127.0.0.1 [EMAIL]"


def test_own_patterns_are_found_beside_the_built_in_ones():
    redactor = Redactor(RedactPolicy(patterns={"employee": r"EMP-[0-9]{6}"}))
    assert redactor.text("EMP-123456 a@b.io") == ("[EMPLOYEE] [EMAIL]", {"employee": 1, "email": 1})


@pytest.mark.parametrize("pattern", ["(", "a*", "(?=x)", r"(a)\1"])
def test_a_pattern_that_cannot_be_used_is_refused_by_name_alone(pattern):
    with pytest.raises(ValueError, match="pattern 'mine'") as error:
        Redactor(RedactPolicy(patterns={"mine": pattern}))
    assert error.value.__cause__ is None


def test_a_surrogate_is_the_same_in_every_message_and_for_every_spelling():
    redactor = Redactor(RedactPolicy(surrogate_key=KEY))
    (one, _), (other, _) = redactor.text("+90 532 123 45 67"), redactor.text("is +905321234567 yours?")
    assert PLACEHOLDER.fullmatch(one)
    assert other == f"is {one} yours?"
    assert redactor.text("+90 532 123 45 68")[0] != one
    assert Redactor(RedactPolicy(surrogate_key=KEY[::-1])).text("+90 532 123 45 67")[0] != one
    assert redactor.text(one)[0] is one
    assert KEY.decode() not in repr(RedactPolicy(surrogate_key=KEY))


def test_every_message_of_a_batch_whoever_said_it_its_name_and_its_metadata(redactor):
    said = [
        {"role": "user", "content": "a@b.io", "name": "c@d.io", "created_at": "2026-01-05T15:32:12Z"},
        {"role": "assistant", "content": "I will write to a@b.io", "metadata": {"to": ["a@b.io"]}},
        {"role": "user", "content": "fine"},
    ]
    clean, counts = redactor.messages(said)
    assert [message["content"] for message in clean] == ["[EMAIL]", "I will write to [EMAIL]", "fine"]
    assert clean[0]["name"] == "[EMAIL]"
    assert clean[1]["metadata"] == {"to": ["[EMAIL]"]}
    assert clean[2] is said[2]
    assert counts == {"email": 4}
    assert said[0]["content"] == "a@b.io"


@pytest.mark.parametrize("content", [b"a@b.io", None, ["a@b.io"], 5])
def test_a_message_that_cannot_be_redacted_is_not_sent_and_is_counted(redactor, content):
    clean, counts = redactor.messages(
        [{"role": "user", "content": content}, {"role": "user", "content": "hi"}]
    )
    assert clean == [{"role": "user", "content": "hi"}]
    assert counts == {"dropped": 1}


def test_a_finder_that_breaks_costs_its_message_and_says_nothing(redactor, monkeypatch):
    def breaks(_text):
        raise RuntimeError("a@b.io")

    monkeypatch.setattr(redactor, "spans", breaks)
    assert redactor.messages([{"role": "user", "content": "a@b.io"}]) == ([], {"dropped": 1})


def test_a_text_without_an_end_is_refused_without_a_word_of_it(redactor, monkeypatch):
    monkeypatch.setattr(redactor, "spans", lambda text: Redactor().spans("a@b.io"))
    with pytest.raises(UnredactableError) as error:
        redactor.text("a@b.io")
    assert "@" not in str(error.value)


def test_switched_off_nothing_is_touched():
    redactor = Redactor(RedactPolicy(kinds=frozenset()))
    said = [{"role": "user", "content": "a@b.io", "metadata": {"password": "x"}}]
    assert redactor.messages(said) == (said, {})
