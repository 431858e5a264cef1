"""How a CSV is written: what stands between its cells, and what its columns are called."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

DELIMITERS: Final = (",", ";", "\t", "|")
_TOLD: Final = re.compile(r"sep=([^\r\n])(?:\r\n|\r|\n)", re.IGNORECASE)
_ROWS: Final = 200
"""So many are looked at."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Cells are quoted with ", which is doubled inside them."""

    delimiter: str
    columns: Sequence[str]
    skip: int = 0
    """Lines before the first row: one, if it only tells the delimiter, as Excel writes it (`sep=;`)."""


def dialect(sample: str, delimiter: str | None = None, *, header: bool = True) -> Dialect:
    """Found out of a file's beginning; no columns if there is nothing in it."""
    if told := _TOLD.match(sample):
        rest = dialect(sample[told.end() :], delimiter or told[1], header=header)
        return replace(rest, skip=1)
    chosen = delimiter or max(DELIMITERS, key=lambda one: _fits(_rows(sample, one)))
    first = next(iter(_rows(sample, chosen)), [])
    names = first if header else [""] * len(first)
    return Dialect(chosen, distinct(names))


def _rows(sample: str, delimiter: str) -> list[list[str]]:
    whole = sample[: sample.rfind("\n") + 1] or sample
    reader = csv.reader(whole.splitlines(keepends=True), delimiter=delimiter)
    try:
        return [row for row in islice(reader, _ROWS) if row]
    except csv.Error:  # a cell of more than 128 KB
        return []


def _fits(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How well a delimiter fits: the share of rows with as many cells as the first one, and how many."""
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, width
    return sum(len(row) == width for row in rows) / len(rows), width


def distinct(names: Sequence[str]) -> list[str]:
    """Names of columns: those without one are column0, column1, ..; of equal ones the second is name_2."""
    seen: Counter[str] = Counter()
    distinct: list[str] = []
    for at, given in enumerate(names):
        name = given.strip() or f"column{at}"
        seen[name.lower()] += 1
        distinct.append(name if seen[name.lower()] == 1 else f"{name}_{seen[name.lower()]}")
    return distinct
