"""Which turns of a load Zep has, by the numbers that the load gave them.  Pure."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

SHOWN = 10
"""Numbers told of many."""


def stored(text: str, label: str) -> dict[str, Any]:
    """Return how many turns Zep has, and of the first ten each which are missing, there twice, out of order.

    `text` is a JSON list of messages, by thread; each of a user's ends with ``[label thread.number]``.
    """
    threads = _numbers_by_thread(text, label)
    numbers = Counter(number for row in threads for number in row)
    missing = sorted(set(range(max(numbers, default=-1) + 1)) - set(numbers))
    twice = sorted(number for number, times in numbers.items() if times > 1)
    late = sorted(after for row in threads for before, after in pairwise(row) if after < before)
    return {
        "turns": len(numbers),
        "missing": missing[:SHOWN],
        "twice": twice[:SHOWN],
        "out_of_order": late[:SHOWN],
    }


def _numbers_by_thread(text: str, label: str) -> list[list[int]]:
    numbered = re.compile(rf"\[{re.escape(label)} (\d+)\.(\d+)\]$")
    said = [str(message.get("content")) for message in json.loads(text) if message.get("role") == "user"]
    threads: dict[str, list[int]] = defaultdict(list)
    for thread, number in (match.groups() for match in map(numbered.search, said) if match):
        threads[thread].append(int(number))
    return list(threads.values())
