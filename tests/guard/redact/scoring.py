"""F1 on the labelled texts: a find counts where it overlaps a labelled span of its kind by half of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

CORPUS = Path(__file__).parent / "corpus"
BREAK = "\u241f"
FILES = {"dev": CORPUS / "dev.jsonl", "held_out": CORPUS / "held_out.jsonl"}
Labelled = tuple[int, int, str]


class Text(NamedTuple):
    """One labelled text; `source` says where its value comes from."""

    source: str
    text: str
    spans: tuple[Labelled, ...]


class Score(NamedTuple):
    """Of one kind: what was right, found in vain, and missed."""

    hits: int
    extra: int
    missed: int

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        total = 2 * self.hits + self.extra + self.missed
        return 2 * self.hits / total if total else 0.0

    @property
    def recall(self) -> float:
        """Return the share of the labelled ones that was found."""
        return self.hits / max(1, self.hits + self.missed)


def texts(split: str) -> Iterator[Text]:
    """Read a split; what broke the keys in the file is taken out."""
    for line in FILES[split].read_text().splitlines():
        row = json.loads(line)
        yield Text(row["source"], row["text"].replace(BREAK, ""), tuple(map(tuple, row["spans"])))


def scored(rows: Iterable[Text], find: Callable[[str], Sequence[Labelled]]) -> dict[str, Score]:
    """Return the score of each kind; finds of other kinds where nothing is labelled are extra, too."""
    hits, extra, missed = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        found = [*find(row.text)]
        for span in row.spans:
            match = next((other for other in found if _same(span, other)), None)
            (hits if match else missed)[span[2]] += 1
        for other in found:
            if not any(_same(span, other) for span in row.spans) and not _inside_another(other, row.spans):
                extra[other[2]] += 1
    return {kind: Score(hits[kind], extra[kind], missed[kind]) for kind in sorted({*hits, *extra, *missed})}


def _same(span: Labelled, other: Labelled) -> bool:
    both = min(span[1], other[1]) - max(span[0], other[0])
    return span[2] == other[2] and 2 * both >= max(span[1] - span[0], other[1] - other[0])


def _inside_another(other: Labelled, spans: Sequence[Labelled]) -> bool:
    """A card number found inside a labelled key is no false alarm: it had to go anyway."""
    return any(start <= other[0] and other[1] <= end and kind != other[2] for start, end, kind in spans)
