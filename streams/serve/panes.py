"""Panes as the board holds them: numpy arrays, exact at any size.

A pane is two arrays: the columns of its cells that are not zero, and their values. One array of all panes by
all cells would be mostly zeros, since an hour knows few of the slices and buckets that fifty days know.

Windows are sums of panes, and are kept: what changes in a pane changes each window that holds it, and when
time moves a window, what counts are the panes between its old and its new edges.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.engine.kpis.frames import Slice, parsed

Indices = NDArray[np.intp]
Integers = NDArray[Any]
"""Whole numbers: int64, or Python's own (dtype object) where those would not do."""
Mask = NDArray[np.bool_]

# An int64 overflows in silence. So a pane is held in int64 only while each of its values is below 2^44 in
# magnitude, and windows are summed in int64 only while the tier has at most 2^18 panes (2^44 * 2^18 < 2^63).
# Larger values, or more panes, are summed as Python's integers, which are exact at any size and far slower.
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
        self._by_slice: dict[tuple[str, Slice], list[int]] = {}
        """(measure, slice) -> the columns of its parts."""
        self._uses: Integers = np.zeros(1_024, np.int64)
        """Per column, the panes in which it is not zero."""

    def __missing__(self, cell: str) -> int:
        column = self[cell] = len(self.names)
        self.names.append(cell)
        measure, slice_, _ = parsed(cell)
        self._by_slice.setdefault((measure, slice_), []).append(column)
        if cell.partition("|")[0].endswith(_AGE):
            self.ages.add(column)
        if column == len(self._uses):
            self._uses = _grown(self._uses, 2 * column)
        return column

    def of(self, cells: Iterable[str]) -> list[int]:
        return list(map(self.__getitem__, cells))

    def mask(self, columns: Sequence[int]) -> Mask:
        """Per column, whether it is one of these."""
        chosen = np.zeros(len(self), np.bool_)
        chosen[columns] = True
        return chosen

    def of_slices(self, measures: Iterable[str], slices: Collection[Slice]) -> list[int]:
        """Of all parts of some measures in some slices, as far as they were seen."""
        places = product(measures, slices)
        return [column for place in places for column in self._by_slice.get(place, ())]

    def named(self, columns: Indices) -> Iterator[str]:
        return map(self.names.__getitem__, columns.tolist())

    def count(self, columns: Indices, number: int) -> None:
        """These were 0 in a pane and are no more (1), or the other way round (-1)."""
        self._uses[columns] += number

    def used(self) -> Iterator[str]:
        """The cells that are not zero in some pane."""
        return self.named(np.flatnonzero(self._uses))


@dataclass(frozen=True, slots=True)
class Pane:
    """The cells that are not zero, in no order; each once."""

    columns: Indices
    values: Integers

    @classmethod
    def of(cls, columns: Sequence[int], values: Iterable[int]) -> "Pane":
        """Without those that are 0."""
        all_columns, all_values = np.array(columns, np.intp), _integers(list(values))
        return cls(all_columns, all_values)._where(all_values != 0)

    def parted(self, chosen: Mask) -> "tuple[Pane, Pane]":
        """What lies in the columns that are chosen, and the rest."""
        inside = chosen[self.columns]
        return self._where(inside), self._where(~inside)

    def beside(self, other: "Pane") -> "Pane":
        """Both, which have no column in common."""
        return Pane(
            np.concatenate([self.columns, other.columns]), np.concatenate([self.values, other.values])
        )

    def _where(self, inside: Mask) -> "Pane":
        return Pane(self.columns[inside], self.values[inside])


_EMPTY: Final = Pane(np.empty(0, np.intp), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Span:
    """The panes that start in [start_ms, end_ms]."""

    start_ms: int
    end_ms: int

    def holds(self, start_ms: int) -> bool:
        return self.start_ms <= start_ms <= self.end_ms

    def distance_ms(self, other: "Span") -> int:
        """How far the edges must be moved to come there."""
        return abs(self.start_ms - other.start_ms) + abs(self.end_ms - other.end_ms)


class Tier:
    """The panes of one tier, of all partitions, and the sums over the windows that are asked for."""

    def __init__(self) -> None:
        self.columns = Columns()
        self._panes: dict[int, Panes] = {}
        """By partition."""
        self._sums: dict[Span, Integers] = {}
        self._told: dict[Span, dict[str, int]] = {}
        """What was last told of a window; nobody may change it."""
        self._touched: dict[Span, list[Indices]] = {}
        """The columns whose sums have changed since."""
        self._asked: set[Span] = set()

    def of(self, partition: int) -> "Panes":
        """The panes of one partition."""
        if partition not in self._panes:
            self._panes[partition] = Panes(self)
        return self._panes[partition]

    def window(self, start_ms: int, end_ms: int) -> Mapping[str, int]:
        """Cell -> sum over the panes that start in [start_ms, end_ms], without those that are 0.

        While nothing changes it is the same mapping each time; what was told is never changed.
        """
        span = Span(start_ms, end_ms)
        self._asked.add(span)
        if span not in self._sums:
            self._sums[span] = self._rolled(span)
        if span not in self._told or self._touched.get(span):
            self._told[span] = self._tell(span)
        return self._told[span]

    def forget_windows(self) -> None:
        """Keep the sums of those windows only that were asked for since the last time."""
        for span in [span for span in self._sums if span not in self._asked]:
            del self._sums[span]
            self._told.pop(span, None)
            self._touched.pop(span, None)
        self._asked.clear()

    def values(self, cell: str, start_ms: int, end_ms: int) -> dict[int, int]:
        """Start -> value of the panes in [start_ms, end_ms) in which a cell is not 0, in order of time."""
        column = self.columns.get(cell)
        if column is None:
            return {}
        sums: Counter[int] = Counter()
        for panes in self._panes.values():
            sums.update(panes.values(column))
        return {start: sums[start] for start in sorted(sums) if sums[start] and start_ms <= start < end_ms}

    def first_pane(self, cell: str, start_ms: int, end_ms: int) -> int | None:
        """Start of the earliest pane in [start_ms, end_ms) in which a cell is not 0; quick for an `.age`."""
        return next(iter(self.values(cell, start_ms, end_ms)), None)

    def excerpt(self, columns: Sequence[int], since_ms: int) -> dict[int, Mapping[str, int]]:
        """Start -> cells that are not 0, of these columns, in the panes that start then or later."""
        chosen = self.columns.mask(columns)
        found: dict[int, Counter[str]] = {}
        for panes in self._panes.values():
            for start_ms, pane in panes.items():
                if start_ms >= since_ms:
                    found.setdefault(start_ms, Counter()).update(self._cells(pane.parted(chosen)[0]))
        return {
            start: {cell: number for cell, number in cells.items() if number}
            for start, cells in found.items()
        }

    def _cells(self, pane: Pane) -> dict[str, int]:
        return dict(zip(self.columns.named(pane.columns), pane.values.tolist(), strict=True))

    def change(self, start_ms: int, pane: Pane, sign: int) -> None:
        """A pane that starts there came (1) or went (-1), or so many of its cells did."""
        self.columns.count(pane.columns, sign)
        for span, sums in self._sums.items():
            if span.holds(start_ms):
                self._sums[span] = _added(self._roomy(sums), pane, sign)
                self._touched.setdefault(span, []).append(pane.columns)

    def _tell(self, span: Span) -> dict[str, int]:
        """The sums of a window: what was told of it, with what has changed since."""
        sums, touched = self._sums[span], self._touched.pop(span, [])
        if span not in self._told:
            found = np.flatnonzero(sums)
            return dict(zip(self.columns.named(found), sums[found].tolist(), strict=True))
        columns = np.unique(np.concatenate(touched))
        told = dict(self._told[span])
        for cell, value in zip(self.columns.named(columns), sums[columns].tolist(), strict=True):
            if value:
                told[cell] = value
            else:
                told.pop(cell, None)
        return told

    def _rolled(self, span: Span) -> Integers:
        """The sums of a window, from the nearest that is known; to begin with, that is one of no pane."""
        none = Span(span.start_ms, span.start_ms - 1)
        known = {none: np.zeros(0, np.int64), **self._sums}
        nearest = min(known, key=span.distance_ms)
        sums = self._roomy(known[nearest].copy())
        for panes in self._panes.values():
            for start_ms, pane in panes.items():
                if sign := span.holds(start_ms) - nearest.holds(start_ms):
                    sums = _added(sums, pane, sign)
        return sums

    def _roomy(self, sums: Integers) -> Integers:
        """With room for all columns, and for the sum of as many panes as there are."""
        if len(sums) < len(self.columns):
            sums = _grown(sums, len(self.columns))
        return sums.astype(object, copy=False) if sum(map(len, self._panes.values())) > MANY else sums


class Panes:
    """The panes of one tier of one partition."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self._panes: dict[int, Pane] = {}
        self._ages: dict[int, dict[int, int]] = {}
        """Column of an age -> start of a pane -> its value there, if not 0: few, for few still wait."""

    def __len__(self) -> int:
        return len(self._panes)

    def items(self) -> Iterable[tuple[int, Pane]]:
        """(start_ms, pane)"""
        return self._panes.items()

    def put(self, start_ms: int, cells: Mapping[str, int]) -> None:
        """Write absolute values into a pane; 0 takes a cell out."""
        columns = self._tier.columns.of(cells)
        old, rest = self._pane(start_ms).parted(self._tier.columns.mask(columns))
        new = Pane.of(columns, cells.values())
        self._tier.change(start_ms, old, -1)
        self._set(start_ms, rest.beside(new))
        self._tier.change(start_ms, new, 1)
        for column, value in zip(columns, cells.values(), strict=True):
            if column in self._tier.columns.ages:
                self._set_age(column, start_ms, value)

    def drop(self, start_ms: int) -> None:
        self._tier.change(start_ms, self._pane(start_ms), -1)
        self._set(start_ms, _EMPTY)
        for column in self._ages:
            self._set_age(column, start_ms, 0)

    def drop_until(self, last_ms: int) -> None:
        """Drop the panes that start at `last_ms` or before."""
        for start_ms in [start for start in self._panes if start <= last_ms]:
            self.drop(start_ms)

    def clear(self) -> None:
        for start_ms in list(self._panes):
            self.drop(start_ms)

    def values(self, column: int) -> Mapping[int, int]:
        """Start -> value of a column, where it is not 0."""
        if column in self._tier.columns.ages:
            return self._ages.get(column, {})
        found = {start_ms: pane.values[pane.columns == column] for start_ms, pane in self._panes.items()}
        return {start_ms: int(value[0]) for start_ms, value in found.items() if len(value)}

    def _pane(self, start_ms: int) -> Pane:
        return self._panes.get(start_ms, _EMPTY)

    def _set(self, start_ms: int, pane: Pane) -> None:
        if len(pane.columns):
            self._panes[start_ms] = pane
        else:
            self._panes.pop(start_ms, None)

    def _set_age(self, column: int, start_ms: int, value: int) -> None:
        ages = self._ages.setdefault(column, {})
        if value:
            ages[start_ms] = value
        else:
            ages.pop(start_ms, None)


def _added(sums: Integers, pane: Pane, sign: int) -> Integers:
    """The sums with a pane more (1) or less (-1); may be the same array, changed."""
    if pane.values.dtype == object:
        sums = sums.astype(object, copy=False)
    sums[pane.columns] += sign * pane.values
    return sums


def _grown(array: Integers, size: int) -> Integers:
    """With zeros behind."""
    return np.concatenate([array, np.zeros(size - len(array), array.dtype)])


def _integers(numbers: list[int]) -> Integers:
    small = all(-SMALL < number < SMALL for number in numbers)
    return np.array(numbers, np.int64 if small else object)
