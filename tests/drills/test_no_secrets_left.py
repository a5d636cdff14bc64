"""No key, token, password or personal text in anything that a run leaves behind, in any spelling."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from drills import cli
from drills.catalog import drills
from drills.history import History, Redactor

ROOT = Path(__file__).parents[2]
KEYS = {
    "token": 'CNRY"tok/en+<7>&=q1Zx',
    "api_key": 'CNRY"api/key+<8>&=q2Zx',
    "redis_password": 'CNRY"redis/pw+<9>&=q3Zx',
}
"""With everything that a page, an address, JSON or XML spells in another way."""
MESSAGES = {"address": "cnry.ada+x@pii.example", "phone": "+90 532 765 43 21"}
CONFTEST = """
import dataclasses, pathlib, pytest, redis
from urllib.parse import quote
from chaos.stack.keeper import Keeper
from chaos.stack.local import LocalStack
from drills.rehearsal import Scene
from drills.subject import Assistant

KEYS = {keys!r}
TOKEN, API_KEY, PASSWORD = KEYS["token"], KEYS["api_key"], KEYS["redis_password"]

@pytest.fixture(scope="session")
def drill_scene():
    folder = pathlib.Path("scene")
    folder.mkdir()
    with Keeper() as keeper, LocalStack(folder.resolve(), keeper, api_key=API_KEY) as endpoints:
        with redis.Redis.from_url(endpoints.redis_direct_url) as server:
            server.config_set("requirepass", PASSWORD)
        guarded = endpoints.redis_url.replace("redis://", f"redis://:{{quote(PASSWORD, safe='')}}@")
        locked = dataclasses.replace(endpoints, redis_url=guarded)
        assistant = Assistant(keeper, locked, folder.resolve(), 2.0, TOKEN, API_KEY)
        target = assistant.start()
        asked = tuple(f"{{url}}?token={{quote(TOKEN, safe='')}}" for url in target.metrics_urls)
        target = dataclasses.replace(target, metrics_urls=asked)
        yield Scene(target, keeper, endpoints.versions, (API_KEY, PASSWORD), endpoints.injector)
        assistant.stop()
"""
TEST = """
import dataclasses
import pytest
from drills.catalog import drills
from drills.scenario import Dialogue, LookIntoZep, Say

MESSAGES = {messages!r}
KNOWN = drills()
SAID = Say(text="I am {{address}}, call {{phone}}".format(**MESSAGES), check="answered")
LEAKY = Dialogue(name="leaky", title="Finds a leak", why="So that one fails.",
                 script=(SAID, LookIntoZep(secrets=("[EMAIL]", *MESSAGES.values()),
                                           placeholders=("[PHONE]",))))
SLOW = Dialogue(name="slow", title="Asks too much", why="So that one fails.",
                script=(dataclasses.replace(SAID, below_ms=0.0, reason="none"),))

@pytest.mark.drill
@pytest.mark.parametrize(
    "verdict",
    [KNOWN["auth_401"], KNOWN["write_path"], KNOWN["redaction_under_attack"], LEAKY, SLOW],
    indirect=True,
    ids=lambda drill: drill.name,
)
def test_mine(verdict):
    assert verdict.passed, verdict.sentence
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """Run the drills; returns the folder with all that they left, the terminal's output too."""
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(CONFTEST.format(keys=KEYS))
    (folder / "test_mine.py").write_text(TEST.format(messages=MESSAGES))
    argv = [sys.executable, "-m", "pytest", "-m", "drill", "-p", "no:cacheprovider", "-l", "-rA"]
    argv += ["--drill-out", "left/out", "--alluredir", "left/allure", "--junitxml", "left/junit.xml"]
    (folder / "left").mkdir()
    with (folder / "left" / "terminal").open("wb") as terminal:
        subprocess.run(
            argv,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=terminal,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
    for log in (folder / "scene").rglob("*.log"):
        log.rename(folder / "left" / f"application-{log.name}")
    run = str((folder / "left" / "out" / "latest").resolve())
    assert cli.main(["compare", run, run]) == 0
    return folder / "left"


def spellings(secret: str) -> set[bytes]:
    """Return how a secret may be written; of Base64 what does not depend on the neighbours."""
    raw = secret.encode()
    shifted = (base64.b64encode(b"\0" * n + raw)[-(-n * 8 // 6) :] for n in range(3))
    texts = {
        secret,
        json.dumps(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        html.escape(json.dumps(secret)[1:-1]),
        *(spell(secret, safe) for spell in (quote, quote_plus) for safe in ("", "/")),
    }
    lower = {quote(secret, safe="").replace("%2B", "%2b").replace("%2F", "%2f")}
    encoded = {code.rstrip(b"=")[:-1] for code in shifted}
    urlsafe = {code.translate(bytes.maketrans(b"+/", b"-_")) for code in encoded}
    return {text.encode() for text in texts | lower} | encoded | urlsafe


def canaries():
    personal = [secret for name in ("write_path", "redaction_under_attack") for secret in looked_for(name)]
    return [*KEYS.values(), *MESSAGES.values(), *(secret for secret in personal if len(secret) > 6)]


def looked_for(name):
    return drills()[name].script[-1].secrets


def files(left):
    return [file for file in left.rglob("*") if file.is_file() and not file.is_symlink()]


@pytest.mark.stack
def test_the_run_left_everything_that_is_searched(left):
    """Or else nothing would be found because nothing is there."""
    names = {file.name for file in files(left)}
    assert {"journal.ndjson", "summary.json", "index.html", "compare.html"} <= names
    assert {"junit.xml", "terminal", "environment.properties", "application-assistant.log"} <= names
    assert sum(name.endswith("-result.json") for name in names) == 5
    said = (left / "terminal").read_text()
    judged = set(re.findall(r"^(\w+) (?:passed|failed|is inconclusive): ", said, re.MULTILINE))
    assert judged == {"auth_401", "write_path", "redaction_under_attack", "leaky", "slow"}
    assert "leaky failed: nothing_leaks: of 3 secrets" in said
    assert "slow failed: answered: " in said


@pytest.mark.stack
@pytest.mark.parametrize("secret", canaries())
def test_no_canary_is_in_any_of_it(left, secret):
    found = [
        f"{file.name}: ...{content[max(0, at - 80) : at + 40]!r}..."
        for file in files(left)
        for content in [file.read_bytes()]
        for spelling in spellings(secret)
        if (at := content.find(spelling)) >= 0
    ]
    assert found == []


@pytest.mark.parametrize(
    "written",
    [
        lambda key: f"plain {key}",
        lambda key: f"http://x/?token={quote(key, safe='')}&a=b",
        lambda key: f"http://x/?token={quote_plus(key)}",
        lambda key: f"said {json.dumps({'token': key})}",
        lambda key: "Basic " + base64.b64encode(f"user:{key}".encode()).decode(),
        lambda key: "Basic " + base64.b64encode(f"me:{key}:x".encode()).decode(),
        lambda key: "Basic " + base64.b64encode(key.encode()).decode(),
    ],
    ids=["plain", "in an address", "in a form", "in JSON", "base64", "base64 shifted", "base64 alone"],
)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_the_journal_hides_a_secret_however_it_is_written(tmp_path, written, key):
    with History(tmp_path, Redactor([key])) as history:
        history.write("note", text=written(key))
    content = history.path.read_bytes()
    assert [spelling for spelling in spellings(key) if spelling in content] == []
    assert b"[SECRET]" in content
