"""Panes as the board holds them: numpy arrays, exact at any size.

A pane is two arrays: the columns of its cells that are not zero, and their values. One array of all panes by
all cells would be mostly zeros, since an hour knows few of the slices and buckets that fifty days know.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.serve.columns import Columns, Indices, Integers, Mask

# An int64 overflows in silence. So a pane is held in int64 only while each of its values is below 2^44 in
# magnitude, and windows are summed in int64 only while the tier has at most 2^18 panes (2^44 * 2^18 < 2^63).
# Larger values, or more panes, are summed as Python's integers, which are exact at any size and far slower.
SMALL: Final = 2**44
MANY: Final = 2**18


@dataclass(frozen=True, slots=True)
class Pane:
    """Columns and their values, in no order; of a pane that is kept each column once, and none that is 0."""

    columns: Indices
    values: Integers

    @classmethod
    def of(cls, columns: Indices, values: Sequence[int]) -> "Pane":
        """Without those that are 0."""
        numbers = _integers(values)
        return cls(columns, numbers).where(numbers != 0)

    def parted(self, chosen: Mask) -> "tuple[Pane, Pane]":
        """What lies in the columns that are chosen, and the rest."""
        inside = chosen[self.columns]
        return self.where(inside), self.where(~inside)

    @classmethod
    def of_all(cls, panes: "Iterable[Pane]") -> "Pane":
        """One after another; a column that several have stands there as often."""
        found = [EMPTY, *panes]
        columns, values = [pane.columns for pane in found], [pane.values for pane in found]
        return cls(np.concatenate(columns), np.concatenate(values))

    def where(self, inside: Mask) -> "Pane":
        return Pane(self.columns[inside], self.values[inside])

    def part(self, start: int, end: int) -> "Pane":
        """The cells at [start, end)."""
        return Pane(self.columns[start:end], self.values[start:end])

    def negative(self) -> "Pane":
        return Pane(self.columns, -self.values)


EMPTY: Final = Pane(np.empty(0, np.intp), np.empty(0, np.int64))


class Panes:
    """The panes of one tier of one partition. `changed` is told what a pane that starts there has more."""

    def __init__(self, columns: Columns, changed: Callable[[int, Pane], None]) -> None:
        self._columns = columns
        self._changed = changed
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
        columns = np.array(self._columns.of(cells), np.intp)
        values = list(cells.values())
        old, rest = self._pane(start_ms).parted(self._columns.mask(columns))
        self._replace(start_ms, old, Pane.of(columns, values), rest)
        for column, value in zip(columns.tolist(), values, strict=True):
            if column in self._columns.ages:
                self._set_age(column, start_ms, value)

    def drop(self, start_ms: int) -> None:
        self._replace(start_ms, self._pane(start_ms), EMPTY, EMPTY)
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
        if column in self._columns.ages:
            return self._ages.get(column, {})
        found = {start_ms: pane.values[pane.columns == column] for start_ms, pane in self._panes.items()}
        return {start_ms: int(value[0]) for start_ms, value in found.items() if len(value)}

    def _pane(self, start_ms: int) -> Pane:
        return self._panes.get(start_ms, EMPTY)

    def _replace(self, start_ms: int, old: Pane, new: Pane, rest: Pane) -> None:
        """In place of the old, the new stands beside the rest."""
        self._columns.count(old.columns, -1)
        self._columns.count(new.columns, 1)
        self._set(start_ms, Pane.of_all([rest, new]))
        self._changed(start_ms, Pane.of_all([new, old.negative()]))

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


def _integers(numbers: Sequence[int]) -> Integers:
    small = not numbers or (min(numbers) > -SMALL and max(numbers) < SMALL)
    return np.array(numbers, np.int64 if small else object)
