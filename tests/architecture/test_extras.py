"""Without the extras every door says in one line what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

HIDE = "import sys; sys.modules.update(dict.fromkeys({names!r})); "
BUILD = """
from guard import Settings, SettingsError, build
try:
    build(Settings())
except SettingsError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize(
    ("hidden", "code", "extra"),
    [
        (
            "httptools",
            "from chaos.cli import main; sys.exit(main(['zep', '--listen', '127.0.0.1:0']))",
            "drills",
        ),
        ("pytest", "from drills.cli import main; sys.exit(main(['run']))", "drills"),
        ("zep_cloud", BUILD, "zep"),
    ],
)
def test_a_missing_extra_is_one_line(hidden, code, extra):
    argv = [sys.executable, "-c", HIDE.format(names=[hidden]) + code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.strip().splitlines() == [done.stderr.strip()]
    assert f"pip install 'zep-guard[{extra}]'" in done.stderr


def test_a_reader_can_hold_the_public_names_in_mind():
    import guard

    assert len(guard.__all__) <= 14
    assert all(hasattr(guard, name) for name in guard.__all__)
