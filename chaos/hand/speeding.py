"""`zep-chaos drill-speed`: the files that a staging system's Prometheus and Alertmanager are drilled with."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

from chaos import web
from chaos.stack import drill_speed

COMMAND = "zep-chaos drill-speed"


def main(argv: list[str] | None = None) -> int:
    """Write both files; return the exit code."""
    parser = web.Parser(
        prog=COMMAND,
        description="Make rules and routing of production 180 times as fast, with all pages at one pager.",
        epilog=f"example: {COMMAND} rules.yml alertmanager.yml --pager http://127.0.0.1:8476/v2/enqueue "
        "--key-file /etc/alertmanager/drill.key --out drill-speed",
    )
    parser.add_argument("rules", type=Path)
    parser.add_argument("alertmanager", type=Path)
    parser.add_argument("--pager", required=True, metavar="URL", help="where a zep-chaos pager takes events")
    parser.add_argument("--key-file", required=True, metavar="FILE", help="there, holds any 32 characters")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    asked = parser.parse_args(argv)
    try:
        rules, routing = (yaml.safe_load(file.read_text()) for file in (asked.rules, asked.alertmanager))
        made = {
            "rules.yml": drill_speed.rules(rules),
            "alertmanager.yml": drill_speed.alertmanager(
                routing, pager_url=asked.pager, key_file=asked.key_file
            ),
        }
        asked.out.mkdir(parents=True, exist_ok=True)
        for name, content in made.items():
            (asked.out / name).write_text(json.dumps(content, indent=2) + "\n")  # JSON is YAML
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        sys.stderr.write(f"{COMMAND}: cannot use these files: {' '.join(str(error).split())}\n")
        return 2
    sys.stdout.write(f"{asked.out / 'rules.yml'}\n{asked.out / 'alertmanager.yml'}\n")
    return 0
