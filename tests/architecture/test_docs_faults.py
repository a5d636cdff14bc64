"""docs/faults.md and the code say the same: every fault is there, with its parameters and their defaults."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from chaos.faults import HTTP_FAULTS, PROCESS_FAULTS, REDIS_FAULTS, HttpFault, KeyRejected
from chaos.toxiproxy.toxics import BY_TYPE

ROWS = {
    (section, kind): parameters
    for section in (Path(__file__).parents[2] / "docs" / "faults.md").read_text().split("\n## ")
    for kind, parameters in re.findall(r"^\| `(\w+)` \| ([^|]*)\|", section, re.MULTILINE)
}
SHARED = {field.name for field in fields(HttpFault)}
KINDS = [
    *(("HTTP", kind.kind, kind) for kind in HTTP_FAULTS),
    *(("TCP", name, kind) for name, kind in BY_TYPE.items()),
    *(("Processes", kind.kind, kind) for kind in (*PROCESS_FAULTS, *REDIS_FAULTS, KeyRejected)),
]


@pytest.mark.parametrize(("title", "name", "kind"), KINDS, ids=[kind[1] for kind in KINDS])
def test_every_fault_is_documented_with_its_parameters_and_defaults(title, name, kind):
    (row,) = [row for (section, fault), row in ROWS.items() if section.startswith(title) and fault == name]
    said = dict(re.findall(r"`(\w+)`(?: (\d+))?", row))
    of_its_own = [field for field in fields(kind) if kind not in HTTP_FAULTS or field.name not in SHARED]
    assert said.keys() == {field.name for field in of_its_own}
    for field in of_its_own:
        if said[field.name]:
            assert float(said[field.name]) == field.default, field.name
        else:
            assert field.default in (MISSING, None) or isinstance(field.default, str), field.name


def test_no_row_is_of_a_fault_that_is_not():
    known = {(title, name) for title, name, _ in KINDS} | {("TCP", "down")}
    assert {(section.split()[0].strip(":,"), kind) for section, kind in ROWS} - known == set()
