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
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""This module and the catalogue are imported before pytest's rewriting of asserts begins; they have none."""
EXAMPLE = "example: zep-drill run auth_401; then open reports/out/latest/index.html"


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    own, for_pytest = _split(sys.argv[1:] if argv is None else argv)
    options = _parser().parse_args(own)
    if options.command == "list":
        return _list(as_json=options.json)
    if options.command == "report":
        return _allure(options.allure, options.out) if options.allure else _report(options.run)
    if options.command == "target":
        return _check(options.file, as_json=options.json)
    if options.command == "compare":
        return _compare(options.baseline, options.run, as_json=options.json)
    if options.command == "gate":
        return _gate(options)
    if options.command in ("up", "down"):
        return _compose(options.command, options.file)
    if options.command == "canary":
        return _canary(options)
    if options.command == "panels":
        return _panels(options.prometheus)
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
        "report",
        help="draw a run's page again, or Allure's",
        epilog="example: zep-drill report reports/out/latest; zep-drill report --allure allure-results",
    )
    drawn = report.add_mutually_exclusive_group(required=True)
    drawn.add_argument("run", nargs="?", metavar="RUN", help="a run's folder, or its id under reports/out")
    drawn.add_argument(
        "--allure", type=Path, metavar="DIR", help="what pytest's --alluredir left (needs npm)"
    )
    report.add_argument("--out", type=Path, metavar="FILE", help="Allure's page (default: DIR.html)")
    gate = commands.add_parser(
        "gate",
        help="put a target through its drills, for CI: one line of JSON on stdout, all else on stderr",
        epilog="example: zep-drill gate --target staging.toml > verdict.json",
    )
    gate.add_argument("names", nargs="*", metavar="NAME", help="drills by name (default: all that it can)")
    gate.add_argument("--target", type=Path, metavar="FILE", required=True, help="the target file")
    gate.add_argument("--out", type=Path, metavar="DIR", default=OUT, help=f"where runs go (default: {OUT})")
    gate.add_argument("--junit", type=Path, metavar="FILE", help="default: junit.xml where runs go")
    gate.add_argument("--seed", type=int, metavar="N", help="repeats the random choices of a run")
    for verb, about in (("up", "start it, and wait until all is healthy"), ("down", "end it")):
        stack = commands.add_parser(verb, help=f"the stack of docker-compose.yml: {about}",
                                    epilog=f"example: zep-drill {verb}; with COMPOSE_PROFILES=zep-cloud or "
                                    "zep-oss in the environment another Zep is behind it")  # fmt: skip
        stack.add_argument("--stack", choices=["compose"], default="compose", help="which (default: compose)")
        stack.add_argument("--file", type=Path, default=Path("docker-compose.yml"), help="of Compose")
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
    _add_canary(commands)
    panels = commands.add_parser(
        "panels",
        help="ask Prometheus whether every panel of the dashboard has data; 1 when one has none",
        epilog="example: zep-drill panels --prometheus http://127.0.0.1:9090",
    )
    panels.add_argument("--prometheus", required=True, metavar="URL", help="where Prometheus answers")
    return parser


def _add_canary(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    canary = commands.add_parser(
        "canary",
        help="follow a rollout in Prometheus: 0 go on, 1 fail, 11 inconclusive, 13 roll back",
        epilog="example: zep-drill canary --policy canary --prometheus http://prometheus:9090 --once --json",
    )
    canary.add_argument(
        "--policy", required=True, metavar="FILE", help="a file, or dark_launch, canary or full"
    )
    canary.add_argument("--prometheus", required=True, metavar="URL", help="where Prometheus answers")
    canary.add_argument("--once", action="store_true", help="judge the last interval only, for cron")
    canary.add_argument("--at", type=float, metavar="TIME", help="with --once: ending then, seconds of Unix")
    canary.add_argument("--canary", metavar="MATCHERS", help="label matchers instead of the policy's")
    canary.add_argument("--baseline", metavar="MATCHERS", help="likewise")
    canary.add_argument("--json", action="store_true", help="for programs")


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
    if complaint := _unknown(names):
        return _complain(complaint)
    catalog = Path(__file__).with_name("test_catalog.py")
    nodes = [f"{catalog}::test_drill[{name}]" for name in names] or [str(catalog)]
    out = [] if any(word.startswith("--drill-out") for word in rest) else [f"--drill-out={OUT.resolve()}"]
    return int(pytest.main(["-m", "drill", *QUIET, *out, *rest, *nodes]))


def _gate(options: argparse.Namespace) -> int:
    try:
        from drills.ci import tell  # noqa: PLC0415 - list and --help do without
        from drills.gate import Gate  # noqa: PLC0415 - httpx and pytest take their time
    except ModuleNotFoundError as error:
        return _complain(f"{error.name} is missing: pip install 'zep-guard[drills]'")
    if complaint := _unknown(options.names):
        return _complain(complaint)
    out, junit = options.out.resolve(), options.junit or options.out / "junit.xml"
    outcome = Gate(
        file=options.target, out=out, junit=junit.resolve(), names=options.names, seed=options.seed
    ).run()
    sys.stderr.write(f"zep-drill gate: {outcome.verdict}: {outcome.sentence}\n")
    tell(outcome, to=sys.stderr)
    sys.stdout.write(outcome.json() + "\n")
    return outcome.exit_code


def _compose(verb: str, file: Path) -> int:
    try:
        from chaos.stack import containers  # noqa: PLC0415 - the Docker SDK takes its time
        from chaos.stack.readiness import StackError  # noqa: PLC0415
        from drills import upstream  # noqa: PLC0415 - httpx takes its time
        from drills.target import TargetError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        return _complain(f"{error.name} is missing: pip install 'zep-guard[drills]'")
    try:
        upstream.choose(file)
        containers.up(file, build=True) if verb == "up" else containers.down(file)
    except (StackError, TargetError) as error:
        sys.stderr.write(f"zep-drill {verb}: {error}\n")
        return CANNOT_START
    if verb == "up":
        sys.stdout.write("".join(f"{name:<28} {state}\n" for name, state in containers.states().items()))
        sys.stdout.write("now: pytest -m drill --stack compose\n")
    return 0


def _unknown(names: Sequence[str]) -> str:
    unknown = [name for name in names if name not in drills()]
    return f"no drill is called {', '.join(unknown)}: known are {', '.join(drills())}" if unknown else ""


def _report(run: str) -> int:
    folder = _folder(run)
    from reports.record import RecordError  # noqa: PLC0415 - jinja2 is loaded when there is something to render
    from reports.render import write  # noqa: PLC0415

    try:
        sys.stdout.write(f"{write(folder)}\n")
    except RecordError as error:
        return _complain(str(error))
    return 0


def _allure(results: Path, out: Path | None) -> int:
    from drills.allure.rendering import RenderingError, render  # noqa: PLC0415 - of use only here

    try:
        sys.stdout.write(f"{render(results, out or results.resolve().with_suffix('.html'))}\n")
    except RenderingError as error:
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
    return FAIL if any(finding.lack and not finding.optional for finding in findings) else 0


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


def _canary(options: argparse.Namespace) -> int:
    try:
        from drills.canary.command import main as follow  # noqa: PLC0415 - httpx takes its time
    except ModuleNotFoundError as error:
        return _complain(f"{error.name} is missing: pip install 'zep-guard[drills]'")
    return follow(options)


def _panels(url: str) -> int:
    try:
        from drills.panels import main as ask  # noqa: PLC0415 - httpx takes its time
    except ModuleNotFoundError as error:
        return _complain(f"{error.name} is missing: pip install 'zep-guard[drills]'")
    return ask(url)


def _folder(run: str) -> Path:
    return Path(run) if Path(run).is_dir() else OUT / run


def _complain(line: str) -> int:
    sys.stderr.write(f"zep-drill: {line}\n")
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
