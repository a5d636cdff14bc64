"""Personal data in every disguise that users and attackers find."""

from __future__ import annotations

from drills.scenario import Dialogue, LookIntoZep, Say

TOKEN = "h2Jk9sQw7eRt5yUi3oPa1sDf"  # noqa: S105 - made up

DRILL = Dialogue(
    name="redaction_under_attack",
    title="Odd spellings, crowds of addresses, a page of dots: nothing gets out and nothing hangs",
    why="One form that slips through is a data breach; one message that hangs the redactor is an outage.",
    script=(
        Say(
            text="mail:ADA.L+spam@Sub.Example.CO.UK,or<grace@example.org>;then(0532)1234567", check="crowded"
        ),
        Say(text="tel.+44 20 7946 0958/+1 (212) 555-0123; 0090 212 345 67 89", check="international"),
        Say(text="a@" * 2000 + " 1-1-1-" * 300, check="hostile_patterns", below_ms=1000),
        Say(text="see https://example.com/?mail=eve@example.net&x=1", check="inside_an_address"),
        Say(text="card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00, from 203.0.113.7", check="numbers"),
        Say(text=f"postgres://ann:hunter2pass@db/x Authorization: Bearer {TOKEN}", check="credentials"),
        LookIntoZep(
            secrets=(
                "ADA.L",
                "grace@example.org",
                "1234567",
                "7946 0958",
                "555-0123",
                "345 67 89",
                "eve@example.net",
                "4111 1111",
                "0532 0130",
                "203.0.113.7",
                "hunter2pass",
                TOKEN,
            ),
            placeholders=("[EMAIL]", "[PHONE]", "[CARD]", "[IBAN]", "[IP]"),
        ),
    ),
)
