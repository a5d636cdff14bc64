"""`zep-drill`: the drills from a shell."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from drills.catalog import drills

FAIL, USAGE_ERROR, CANNOT_START, INCONCLUSIVE = 1, 2, 4, 11
OUT = Path("reports/out")
EXAMPLE = "example: zep-drill run auth_401; then open reports/out/latest/index.html"


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    own, for_pytest = _split(sys.argv[1:] if argv is None else argv)
    options = _parser().parse_args(own)
    if options.command == "list":
        return _list(as_json=options.json)
    if options.command == "report":
        return _report(options.run)
    if options.command == "target":
        return _check(options.file, as_json=options.json)
    if options.command == "compare":
        return _compare(options.baseline, options.run, as_json=options.json)
    return _run(options.names, for_pytest)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """After `run NAME...`, what begins with a dash and all that follows is pytest's."""
    if words[:1] != ["run"] or {"-h", "--help"} & set(words):
        return words, []
    first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    return words[:first], words[first:]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zep-drill",
        description="Break a running stack on purpose and judge how it recovers.",
        epilog=EXAMPLE,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="show the drills", epilog="example: zep-drill list --json")
    listing.add_argument("--json", action="store_true", help="for programs")
    run = commands.add_parser(
        "run",
        help="run drills; what follows goes to pytest",
        epilog="example: zep-drill run auth_401 timeouts --drill-seed 7 --junitxml drills.xml",
    )
    run.add_argument("names", nargs="*", metavar="NAME", help="drills by name (default: all)")
    report = commands.add_parser(
        "report", help="draw a run's page again", epilog="example: zep-drill report reports/out/latest"
    )
    report.add_argument("run", metavar="RUN", help="a run's folder, or its id under reports/out")
    target = commands.add_parser("target", help="look at a target before drilling it")
    check = target.add_subparsers(dest="verb", required=True, metavar="VERB").add_parser(
        "check",
        help="what it offers and what it lacks; breaks nothing; 1 when something is missing",
        epilog="example: zep-drill target check staging.toml",
    )
    check.add_argument("file", type=Path, metavar="FILE", help="the target file")
    check.add_argument("--json", action="store_true", help="for programs")
    compare = commands.add_parser(
        "compare",
        help="set a run against a baseline; 1 when something got worse beyond the noise",
        epilog="example: zep-drill compare reports/out/20260101T000000Z-7f3a reports/out/latest",
    )
    compare.add_argument("baseline", metavar="BASELINE", help="a run's folder, or its id under reports/out")
    compare.add_argument("run", metavar="RUN", help="another one")
    compare.add_argument("--json", action="store_true", help="for programs")
    return parser


def _list(*, as_json: bool) -> int:
    if as_json:
        fields = ("name", "title", "why", "blast_radius", "about_s")
        found = [{field: getattr(drill, field) for field in fields} for drill in drills().values()]
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return 0
    for drill in drills().values():
        sys.stdout.write(f"{drill.name:<33} about {drill.about_s:g} s, breaks {drill.blast_radius}\n")
        sys.stdout.write(f"    {drill.title}\n    {drill.why}\n")
    return 0


def _run(names: Sequence[str], rest: Sequence[str]) -> int:
    try:
        import pytest  # noqa: PLC0415 - list and --help do without
    except ModuleNotFoundError as error:
        return _complain(f"{error.name} is missing: pip install 'zep-guard[drills]'")
    known = drills()
    unknown = [name for name in names if name not in known]
    if unknown:
        return _complain(f"no drill is called {', '.join(unknown)}: known are {', '.join(known)}")
    catalog = Path(__file__).with_name("test_catalog.py")
    nodes = [f"{catalog}::test_drill[{name}]" for name in names] or [str(catalog)]
    out = [] if any(word.startswith("--drill-out") for word in rest) else ["--drill-out", str(OUT.resolve())]
    return int(pytest.main(["-m", "drill", *out, *rest, *nodes]))


def _report(run: str) -> int:
    folder = _folder(run)
    from reports.record import RecordError  # noqa: PLC0415 - jinja2 is loaded when there is something to render
    from reports.render import write  # noqa: PLC0415

    try:
        sys.stdout.write(f"{write(folder)}\n")
    except RecordError as error:
        return _complain(str(error))
    return 0


def _check(file: Path, *, as_json: bool) -> int:
    from drills.target import Target, TargetError  # noqa: PLC0415 - httpx takes its time

    try:
        target = Target.load(file)
    except TargetError as error:
        sys.stderr.write(f"zep-drill: {error}\n")
        return CANNOT_START
    from drills.inspection import inspect, report  # noqa: PLC0415

    findings = inspect(target)
    sys.stdout.write(report(findings, as_json=as_json) + "\n")
    return FAIL if any(finding.lack for finding in findings[:-1]) else 0


def _compare(baseline: str, run: str, *, as_json: bool) -> int:
    from reports import comparison  # noqa: PLC0415 - jinja2 is loaded when there is something to render
    from reports.record import RecordError  # noqa: PLC0415
    from reports.summary import recall  # noqa: PLC0415

    try:
        found = comparison.compared(recall(_folder(baseline)), recall(_folder(run)))
    except RecordError as error:
        return _complain(str(error))
    if not found.common:
        sys.stderr.write("zep-drill compare: the runs have no drill in common: run the same drills twice\n")
        return INCONCLUSIVE
    page = comparison.write(found, _folder(run) / "compare.html")
    told = {"page": str(page), "drills": found.common, "regressions": found.regressions}
    lines = [*found.regressions, f"{len(found.common)} drills compared: {page}"]
    sys.stdout.write(json.dumps(told, indent=2) + "\n" if as_json else "\n".join(lines) + "\n")
    return FAIL if found.regressions else 0


def _folder(run: str) -> Path:
    return Path(run) if Path(run).is_dir() else OUT / run


def _complain(line: str) -> int:
    sys.stderr.write(f"zep-drill: {line}\n")
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
