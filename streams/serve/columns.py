"""Columns: where the number of each cell stands in the arrays of a view."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.engine.kpis.cells import parsed
from streams.engine.kpis.sums import Changed, Numbers, Slice

Indices = NDArray[np.intp]
Integers = NDArray[Any]
"""Whole numbers: int64, or Python's own (dtype object) where those would not do."""
Mask = NDArray[np.bool_]

NO_COLUMN: Final = 0
"""Of a cell that there never was: 0 in every array."""
SEVERAL: Final = 64
"""So many sets of places are kept sorted: most windows change in the same places as others."""
_AGE: Final = ".age"  # suffix of the parts whose first pane readings ask for


class Columns(dict[str, int]):
    """Cell -> column, for all tiers and partitions. A cell that is looked up by [] gets the next column.

    Columns are never given back: there are as many as measures, suffixes and members that were ever seen.
    """

    def __init__(self) -> None:
        self.names: list[str] = [""]
        self.ages: set[int] = set()
        """Columns of the parts that end in `.age`."""
        self._places: list[tuple[str, Slice]] = []
        """(measure, slice), each once: several parts may be of it."""
        self._numbered: dict[tuple[str, Slice], int] = {}
        """Where each stands there."""
        self._columns_of: list[list[int]] = []
        """Of each place the columns of its parts."""
        self._place_of: Integers = np.zeros(1_024, np.int64)
        """Column -> place."""
        self._uses: Integers = np.zeros(1_024, np.int64)
        """Per column, the panes in which it is not zero."""
        self._used: tuple[bytes, frozenset[str]] = (b"", frozenset())
        self._by_measure = lru_cache(maxsize=SEVERAL)(self._sorted)

    def __missing__(self, cell: str) -> int:
        column = self[cell] = len(self.names)
        self.names.append(cell)
        if cell.partition("|")[0].endswith(_AGE):
            self.ages.add(column)
        if column == len(self._uses):
            self._uses, self._place_of = grown(self._uses, 2 * column), grown(self._place_of, 2 * column)
        place = self._place_of[column] = self._place(parsed(cell)[:2])
        self._columns_of[place].append(column)
        return column

    def _place(self, place: tuple[str, Slice]) -> int:
        if place not in self._numbered:
            self._numbered[place] = len(self._places)
            self._places.append(place)
            self._columns_of.append([])
        return self._numbered[place]

    @property
    def room(self) -> int:
        """How long an array of all of them is, and of some more that may come."""
        return len(self._uses)

    def of(self, cells: Iterable[str]) -> list[int]:
        return list(map(self.__getitem__, cells))

    def mask(self, columns: Indices | Sequence[int]) -> Mask:
        """Per column, whether it is one of these."""
        chosen = np.zeros(len(self.names), np.bool_)
        chosen[columns] = True
        return chosen

    def of_slices(self, measures: Iterable[str], slices: Collection[Slice]) -> list[int]:
        """Of all parts of some measures in some slices, as far as they were seen."""
        places = [self._numbered[one] for one in product(measures, slices) if one in self._numbered]
        return [column for place in places for column in self._columns_of[place]]

    def named(self, columns: Indices) -> Iterator[str]:
        return map(self.names.__getitem__, columns.tolist())

    def places(self, columns: Indices) -> Changed:
        """Measure -> the slices in which one of these columns is of it."""
        there = np.zeros(len(self._places), np.bool_)
        there[self._place_of[columns]] = True
        return self._by_measure(there.tobytes())

    def _sorted(self, there: bytes) -> Changed:
        """Measure -> its slices, of the places of which the byte is not 0."""
        found: dict[str, set[Slice]] = {}
        for place in np.flatnonzero(np.frombuffer(there, np.bool_)).tolist():
            measure, slice_ = self._places[place]
            found.setdefault(measure, set()).add(slice_)
        return found

    def count(self, columns: Indices, number: int) -> None:
        """These were 0 in a pane and are no more (1), or the other way round (-1)."""
        self._uses[columns] += number

    def used(self) -> frozenset[str]:
        """The cells that are not zero in some pane; the same set while those are the same."""
        used = self._uses != 0
        told = used.tobytes()
        if told != self._used[0]:
            self._used = told, frozenset(self.named(np.flatnonzero(used)))
        return self._used[1]


# -- Numbers by column ------------------------------------------------------------------------------------


def told(array: Integers) -> Numbers:
    """The array for readings: what it gives are Python's integers, and quickly."""
    return array.tolist() if array.dtype == object else array.data


def array_of(numbers: Numbers) -> Integers:
    """The array that was told."""
    return np.asarray(numbers) if isinstance(numbers, memoryview) else np.array(numbers, object)


def roomy(array: Integers, size: int) -> Integers:
    """The same array if it is that large, else with zeros behind."""
    return array if len(array) >= size else grown(array, size)


def different(before: Integers, after: Integers) -> Indices:
    """The columns in which two arrays are not the same."""
    size = max(len(before), len(after))
    return np.flatnonzero(roomy(before, size) != roomy(after, size))


def grown(array: Integers, size: int) -> Integers:
    """With zeros behind."""
    return np.concatenate([array, np.zeros(size - len(array), array.dtype)])
