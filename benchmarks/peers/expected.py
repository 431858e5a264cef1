"""What every peer must arrive at, counted from the published lines by SQL: it shares no code with the job."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

import duckdb

from benchmarks.peers.job import NUMBERS
from benchmarks.peers.marks import Sums

_SQL: Final = Path(__file__).with_name("expected.sql")


def expected(values: Iterable[bytes], directory: Path) -> Sums:
    """The sums of these events. `directory` holds the lines while they are counted."""
    lines = directory / "lines.ndjson"
    lines.write_bytes(b"\n".join(values))
    with duckdb.connect() as connection:
        rows = connection.execute(_SQL.read_text(), {"lines": str(lines)}).fetchall()
    lines.unlink()
    sums: Sums = {}
    for hour_ms, dimension, member, number, amount in rows:
        sums.setdefault(f"{hour_ms}|{dimension}|{member}", [0] * len(NUMBERS))[NUMBERS.index(number)] = amount
    return sums


def only(sums: Sums, numbers: Collection[int]) -> Sums:
    """These of the numbers, by index, without the cells in which they are all 0."""
    kept = {cell: [found[index] for index in sorted(numbers)] for cell, found in sums.items()}
    return {cell: found for cell, found in kept.items() if any(found)}


def difference(wanted: Sums, found: Sums, numbers: Collection[int]) -> str:
    """What differs in these numbers, in words; empty when nothing does."""
    ours, theirs = only(wanted, numbers), only(found, numbers)
    wrong = sorted(cell for cell in ours.keys() | theirs.keys() if ours.get(cell) != theirs.get(cell))
    if not wrong:
        return ""
    first = wrong[0]
    return (
        f"{len(wrong)} of {len(ours)} cells differ, {first}: {theirs.get(first)} instead of {ours.get(first)}"
    )
