"""The operations command: a capability that may be missing, and answers that make no sense."""

from __future__ import annotations

import json
import sys

import pytest

from chaos.injectors import InjectorError
from drills.operator import Operator
from drills.scenario import Forced


def python(code):
    return (sys.executable, "-c", code)


def test_status_is_asked_for_as_json():
    echo = python("import sys, json; print(json.dumps({'words': sys.argv[1:]}))")
    assert Operator(echo).status() == {"values": {"words": ["--status", "--json"]}}


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ((), "the target has no operations command"),
        (python("import sys; sys.exit('Redis is down')"), "Redis is down"),
        (python("print('not json')"), "no JSON"),
        (("/does/not/exist",), "FileNotFoundError"),
    ],
)
def test_a_command_that_does_not_serve_is_an_error_not_a_crash(command, complaint):
    assert complaint in Operator(command).status()["error"]


@pytest.fixture
def fleet(tmp_path):
    """A command that keeps its force in a file, and writes down how it was called."""
    code = (
        "import json, sys, pathlib; file, words = pathlib.Path(sys.argv[1]), sys.argv[2:]\n"
        "forced = file.exists()\n"
        "if '--status' in words: print(json.dumps({'forced': {'by': 'me'} if forced else None}))\n"
        "if '--force' in words: file.write_text(' '.join(words))\n"
        "if '--clear' in words: file.unlink(missing_ok=True)\n"
    )
    return (*python(code), str(tmp_path / "forced"))


def test_a_force_is_put_in_place_read_back_and_cleared(fleet, tmp_path):
    operator = Operator(fleet)
    assert not operator.forced()
    operator.force(Forced(reason="rollback", mode="off", ttl_s=60))
    assert operator.forced()
    assert (tmp_path / "forced").read_text() == "--force rollback --ttl 60 --mode off"
    operator.clear()
    assert not operator.forced()
    assert json.loads(operator.run("--status", "--json")) == {"forced": None}


def test_a_force_that_cannot_be_read_back_is_one_line():
    with pytest.raises(InjectorError, match="Redis is down"):
        Operator(python("import sys; sys.exit('Redis is down')")).forced()
