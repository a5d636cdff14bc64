"""The journal: append only, one line a fact, no secret in it."""

from __future__ import annotations

import json
import threading

import pytest

from drills.history import MASK, History, Redactor, lines_of


def read(history):
    return [json.loads(line) for line in history.path.read_text().splitlines()]


def test_a_line_is_on_disk_as_soon_as_it_is_written(tmp_path):
    with History(tmp_path) as history:
        history.write("phase", drill="d", phase="steady")
        (line,) = read(history)
    assert (line["kind"], line["drill"], line["phase"]) == ("phase", "d", "steady")
    assert 0 <= line["t"] < 1
    assert line["wall"].endswith("Z")


def test_a_line_may_tell_of_an_earlier_moment_on_both_clocks(tmp_path):
    with History(tmp_path) as history:
        history.write("probe", when=0.0)
        history.write("probe", when=3600.0)
        first, second = read(history)
    assert (first["t"], second["t"]) == (0.0, 3600.0)
    assert first["wall"][14:] == second["wall"][14:], "an hour later to the millisecond"
    assert first["wall"] != second["wall"]


@pytest.mark.parametrize(
    "value",
    [
        "key=s3cret!",
        {"s3cret": 1},
        {"deep": [{"er": ("x s3cret y",)}]},
        {"Authorization": "anything"},
        {"headers": {"X-Api-Key": "anything"}},
    ],
)
def test_no_secret_reaches_the_disk(tmp_path, value):
    with History(tmp_path, Redactor(["s3cret"])) as history:
        history.write("note", value=value)
    text = history.path.read_text()
    assert "s3cret" not in text
    assert "anything" not in text
    assert MASK in text


def test_the_longer_of_two_secrets_goes_first_and_an_empty_one_is_no_secret():
    redact = Redactor(["abc", "", "abcdef"])
    assert redact("x abcdef abc y") == f"x {MASK} {MASK} y"


def test_a_secret_can_be_learnt_later():
    redact = Redactor()
    redact.add("late")
    assert redact("too late") == f"too {MASK}"


def test_threads_do_not_mix_their_lines(tmp_path):
    with History(tmp_path) as history:
        threads = [
            threading.Thread(
                target=lambda n=n: [history.write("note", n=n, text="x" * 500) for _ in range(50)]
            )
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(read(history)) == 200


def test_what_comes_after_the_end_is_dropped(tmp_path):
    history = History(tmp_path)
    history.close()
    history.write("note")
    assert history.path.read_text() == ""


def test_a_drill_reads_its_own_lines_back_even_from_a_torn_journal(tmp_path):
    with History(tmp_path) as history:
        history.write("note", drill="a")
        history.write("note", drill="b")
    with history.path.open("a") as file:
        file.write('{"t":1,"kind":"note","drill":"a","te')
    assert [line["drill"] for line in lines_of(history.path, "a")] == ["a"]
