"""`zep-drill canary`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

from drills.canary.policy import Policy, PolicyError
from drills.canary.prometheus import Prometheus, RefusedError
from drills.canary.verdict import Verdict, fold
from drills.canary.watch import once, watch

CANNOT_START = 4


def main(options: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> int:
    """Follow a rollout; returns the exit code."""
    try:
        policy = _policy(options)
        source = Prometheus(_address(options.prometheus), _token(policy, environ))
    except (PolicyError, ValueError) as error:
        return _complain(str(error))
    try:
        verdict = _judged(options, policy, source)
    except RefusedError as error:
        return _complain(str(error))
    finally:
        source.close()
    out = json.dumps(verdict.as_json(), indent=2) if options.json else _text(verdict)
    sys.stdout.write(out + "\n")
    return int(verdict.exit)


def _judged(options: argparse.Namespace, policy: Policy, source: Prometheus) -> Verdict:
    before = [(number, signal.signal(number, _interrupt)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        if options.once:
            at = time.time() if options.at is None else options.at
            return once(policy, source, at)
        return watch(policy, source, clock=time.time, sleep=time.sleep, tell=_tell)
    except KeyboardInterrupt:
        return fold(policy, [], interrupted=True)
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    """Installed explicitly: background jobs of shells ignore SIGINT, and schedulers send SIGTERM."""
    del number, frame
    raise KeyboardInterrupt


def _policy(options: argparse.Namespace) -> Policy:
    if options.at is not None and not options.once:
        raise PolicyError("--at goes with --once: there is no waiting for what is over")
    policy = Policy.load(options.policy)
    canary, baseline = options.canary or policy.canary, options.baseline or policy.baseline
    return replace(policy, canary=canary, baseline=baseline)


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("--prometheus must be an address that begins with http:// or https://")
    return url


def _token(policy: Policy, environ: Mapping[str, str]) -> str:
    token = environ.get(policy.token_env, "") if policy.token_env else ""
    if policy.token_env and not token:
        raise PolicyError(
            f"the policy takes Prometheus' bearer token from {policy.token_env}, which is not set"
        )
    return token


def _text(verdict: Verdict) -> str:
    lines = [
        f"  {tally.measured[-1].result:<13} {tally.criterion.name}: {tally.measured[-1].why}"
        for tally in verdict.tallies
        if tally.measured
    ]
    return "\n".join([verdict.sentence, *lines])


def _tell(verdict: Verdict) -> None:
    """Progress goes to stderr: stdout is for the verdict."""
    sys.stderr.write(f"interval {verdict.intervals} of {verdict.policy.count}: {verdict.sentence}\n")
    sys.stderr.flush()


def _complain(line: str) -> int:
    sys.stderr.write(f"zep-drill canary: {line}\n")
    return CANNOT_START
