"""Panes as the board holds them: numpy arrays, exact at any size.

A pane is two arrays: the columns of its cells that are not zero, and their values. One array of all panes by
all cells would be mostly zeros, since an hour knows few of the slices and buckets that fifty days know.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Integers = NDArray[Any]
"""Whole numbers: int64, or Python's own (dtype object) where those would not do."""

# An int64 overflows in silence. So a pane is held in int64 only while each of its values is below 2^44 in
# magnitude, and at most 2^18 panes are summed in int64 (2^44 * 2^18 < 2^63). Larger values, or more panes at
# a time, are summed as Python's integers, which are exact at any size and some ten times slower.
SMALL: Final = 2**44
MANY: Final = 2**18

_AGE: Final = ".age"  # suffix of the parts whose first pane readings ask for


class Columns(dict[str, int]):
    """Cell -> column of one tier, for all partitions. A cell that is looked up by [] gets the next column.

    Columns are never given back: there are as many as measures, suffixes and members that were ever seen.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.ages: set[int] = set()
        """Columns of the parts that end in `.age`."""
        self._uses: Integers = np.zeros(1_024, np.int64)
        """Per column, the panes in which it is not zero."""

    def __missing__(self, cell: str) -> int:
        column = self[cell] = len(self.names)
        self.names.append(cell)
        if cell.partition("|")[0].endswith(_AGE):
            self.ages.add(column)
        if column == len(self._uses):
            self._uses = np.concatenate([self._uses, np.zeros_like(self._uses)])
        return column

    def of(self, cells: Iterable[str]) -> list[int]:
        return list(map(self.__getitem__, cells))

    def named(self, columns: Indices) -> Iterator[str]:
        return map(self.names.__getitem__, columns.tolist())

    def count(self, pane: "Pane", number: int) -> None:
        """A pane came (1) or went (-1)."""
        self._uses[pane.columns] += number

    def used(self) -> Iterator[str]:
        """The cells that are not zero in some pane."""
        return self.named(np.flatnonzero(self._uses))


@dataclass(frozen=True, slots=True)
class Pane:
    """The cells that are not zero, in no order."""

    columns: Indices
    values: Integers

    def overlaid(self, columns: Sequence[int], values: Iterable[int]) -> "Pane":
        """With other values in these columns; 0 takes one out."""
        new_columns, new_values = np.array(columns, np.intp), _integers(list(values))
        kept, written = ~np.isin(self.columns, new_columns), new_values != 0
        return Pane(
            np.concatenate([self.columns[kept], new_columns[written]]),
            np.concatenate([self.values[kept], new_values[written]]),
        )

    def value(self, column: int) -> int:
        return int(self.values[self.columns == column].sum())


_EMPTY: Final = Pane(np.empty(0, np.intp), np.empty(0, np.int64))


class Panes:
    """The panes of one tier of one partition."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._panes: dict[int, Pane] = {}
        self._aged: dict[int, set[int]] = {}
        """Column of an age -> starts of the panes where it is not 0: few, for few still wait."""

    def put(self, start_ms: int, cells: Mapping[str, int]) -> None:
        """Write absolute values into a pane; 0 takes a cell out."""
        columns = self._columns.of(cells)
        self._replace(start_ms, self._pane(start_ms).overlaid(columns, cells.values()))
        for column, value in zip(columns, cells.values(), strict=True):
            if column in self._columns.ages:
                starts = self._aged.setdefault(column, set())
                starts.add(start_ms) if value else starts.discard(start_ms)

    def drop(self, start_ms: int) -> None:
        self._replace(start_ms, _EMPTY)
        for starts in self._aged.values():
            starts.discard(start_ms)

    def drop_until(self, last_ms: int) -> None:
        """Drop the panes that start at `last_ms` or before."""
        for start_ms in [start for start in self._panes if start <= last_ms]:
            self.drop(start_ms)

    def clear(self) -> None:
        for start_ms in list(self._panes):
            self.drop(start_ms)

    def between(self, start_ms: int, end_ms: int) -> list[Pane]:
        """Those that start in [start_ms, end_ms]."""
        return [pane for start, pane in self._panes.items() if start_ms <= start <= end_ms]

    def starts(self, column: int) -> Iterable[int]:
        """Where a column may be other than zero."""
        return self._aged.get(column, ()) if column in self._columns.ages else self._panes

    def value(self, start_ms: int, column: int) -> int:
        return self._pane(start_ms).value(column)

    def _pane(self, start_ms: int) -> Pane:
        return self._panes.get(start_ms, _EMPTY)

    def _replace(self, start_ms: int, pane: Pane) -> None:
        self._columns.count(self._pane(start_ms), -1)
        self._columns.count(pane, 1)
        if len(pane.columns):
            self._panes[start_ms] = pane
        else:
            self._panes.pop(start_ms, None)


def sum_cells(columns: Columns, panes: Sequence[Pane]) -> dict[str, int]:
    """Cell -> sum over these panes, without sums that are 0."""
    if not panes:
        return {}
    values = np.concatenate([pane.values for pane in panes])
    exact = values if len(panes) <= MANY else values.astype(object)
    sums = np.zeros(len(columns), exact.dtype)
    np.add.at(sums, np.concatenate([pane.columns for pane in panes]), exact)
    found = np.flatnonzero(sums)
    return dict(zip(columns.named(found), sums[found].tolist(), strict=True))


def _integers(numbers: list[int]) -> Integers:
    small = all(-SMALL < number < SMALL for number in numbers)
    return np.array(numbers, np.int64 if small else object)
