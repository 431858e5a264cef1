"""The view: the panes of all partitions, merged; what readings are computed from.

It holds what the partitions' snapshots and feeds tell, and no more: it never asks Redis. A pane is two numpy arrays,
the columns of its cells that are not zero and their values. (One array of all panes by all cells would be
mostly zeros: an hour knows few of the slices and buckets that fifty days know.)
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.engine.panes import KEEP_MS, TIERS
from streams.engine.subjects import NEVER
from streams.naming import NEWEST_MS
from streams.state import PaneChanges, Snapshot

Integers = NDArray[Any]
"""Whole numbers: int64, or Python's own (dtype object) where those would not do."""

# An int64 that overflows says nothing. So a pane is held in int64 only while each of its values is below 2^44 in
# magnitude, and up to 2^19 such values are summed in int64 (2^44 * 2^19 = 2^63). Larger values, or more panes
# at a time, are summed as Python's integers, which are exact at any size and some ten times slower.
SMALL: Final = 2**44
MANY: Final = 2**19

_AGE: Final = ".age"  # suffix of the parts whose first pane readings ask for


class View:
    """The panes and totals of all partitions (`streams.engine.readings.Sums`).

    Not to be changed while readings are computed from it. `expire` says which panes count.
    """

    def __init__(self) -> None:
        self._columns = {tier: _Columns() for tier in TIERS}
        self._partitions: dict[int, _Partition] = {}

    # -- What it is told ----------------------------------------------------------------------------------

    def load(self, partition: int, snapshot: Snapshot) -> None:
        """Put a snapshot in place of all that was known of a partition."""
        self.forget(partition)
        fresh = self._partitions[partition] = _Partition.of(self._columns)
        fresh.apply(PaneChanges(snapshot.panes, snapshot.totals, ()))

    def apply(self, partition: int, changes: PaneChanges) -> None:
        """Apply what the feed of a partition tells. A snapshot must have come before."""
        self._partitions[partition].apply(changes)

    def set_oldest(self, partition: int, oldest_ms: Mapping[str, int | None]) -> None:
        """Measure -> since when the one who waits longest in this partition does; None: nobody waits."""
        self._partitions[partition].oldest_ms = {
            measure: since_ms for measure, since_ms in oldest_ms.items() if since_ms is not None
        }

    def forget(self, partition: int) -> None:
        """Take a partition out."""
        if partition in self._partitions:
            self._partitions.pop(partition).clear()

    def expire(self, now_ms: int) -> None:
        """Free the panes that have left their tier by `now_ms`, so that they no longer count.

        Redis keeps them a little longer; deciding here makes readings independent of when it lets go.
        """
        for partition in self._partitions.values():
            for tier, panes in partition.tiers.items():
                panes.expire(now_ms - KEEP_MS[tier])

    @property
    def newest_ms(self) -> int | None:
        """Time of the newest accepted event."""
        newest = (partition.totals.get(NEWEST_MS, NEVER) for partition in self._partitions.values())
        latest = max(newest, default=NEVER)
        return None if latest == NEVER else latest

    # -- Sums ---------------------------------------------------------------------------------------------

    def window(self, tier: str, start_ms: int, end_ms: int) -> dict[str, int]:
        """Cell -> sum over the panes of a tier that start in [start_ms, end_ms]; cells that are 0 left out."""
        columns = self._columns[tier]
        sums = _sum(list(self._between(tier, start_ms, end_ms)), len(columns))
        found = np.flatnonzero(sums)
        return dict(zip(map(columns.names.__getitem__, found.tolist()), sums[found].tolist(), strict=True))

    def totals(self) -> dict[str, int]:
        """Cell -> running total. Counters of events are not cells."""
        totals: Counter[str] = Counter()
        for partition in self._partitions.values():
            totals.update(partition.totals)
        return {cell: total for cell, total in totals.items() if not cell.startswith("!")}

    def cells(self) -> set[str]:
        """Every cell that is not 0 in some pane or total."""
        cells = {cell for cell, total in self.totals().items() if total}
        for columns in self._columns.values():
            cells.update(columns.used())
        return cells

    def first_pane(self, tier: str, cell: str, start_ms: int, end_ms: int) -> int | None:
        """Start of the earliest pane of a tier in [start_ms, end_ms) in which a cell is not 0."""
        column = self._columns[tier].get(cell)
        if column is None:
            return None
        panes = [partition.tiers[tier] for partition in self._partitions.values()]
        starts = {start for one in panes for start in one.starts(column) if start_ms <= start < end_ms}
        return next((start for start in sorted(starts) if sum(one.value(start, column) for one in panes)), None)

    def oldest_ms(self, measure: str) -> int | None:
        """Since when the longest waiting subject of a measure has been waiting."""
        oldest = (partition.oldest_ms.get(measure) for partition in self._partitions.values())
        return min((since_ms for since_ms in oldest if since_ms is not None), default=None)

    def _between(self, tier: str, start_ms: int, end_ms: int) -> Iterator["_Pane"]:
        for partition in self._partitions.values():
            yield from partition.tiers[tier].between(start_ms, end_ms)


class _Columns(dict[str, int]):
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

    def count(self, pane: "_Pane", number: int) -> None:
        """A pane came (1) or went (-1)."""
        self._uses[pane.columns] += number

    def used(self) -> Iterator[str]:
        return map(self.names.__getitem__, np.flatnonzero(self._uses).tolist())


@dataclass(frozen=True, slots=True)
class _Pane:
    """The cells that are not zero, in no order."""

    columns: NDArray[np.intp]
    values: Integers

    def overlaid(self, columns: NDArray[np.intp], values: Integers) -> "_Pane":
        """With other values in these columns."""
        kept, written = ~np.isin(self.columns, columns), values != 0
        return _Pane(
            np.concatenate([self.columns[kept], columns[written]]),
            np.concatenate([self.values[kept], values[written]]),
        )

    def value(self, column: int) -> int:
        return int(self.values[self.columns == column].sum())


_EMPTY: Final = _Pane(np.empty(0, np.intp), np.empty(0, np.int64))


class _Panes:
    """The panes of one tier of one partition."""

    def __init__(self, columns: _Columns) -> None:
        self._columns = columns
        self._panes: dict[int, _Pane] = {}
        self._aged: dict[int, set[int]] = {}
        """Column of an age -> starts of the panes where it is not zero. They are few: those who still wait."""

    def put(self, start_ms: int, cells: Mapping[str, int]) -> None:
        """Write absolute values into a pane; 0 takes a cell out."""
        columns = list(map(self._columns.__getitem__, cells))
        self._replace(start_ms, self._pane(start_ms).overlaid(np.array(columns, np.intp), _integers(cells.values())))
        for column, value in zip(columns, cells.values(), strict=True):
            if column in self._columns.ages:
                starts = self._aged.setdefault(column, set())
                starts.add(start_ms) if value else starts.discard(start_ms)

    def drop(self, start_ms: int) -> None:
        self._replace(start_ms, _EMPTY)
        for starts in self._aged.values():
            starts.discard(start_ms)

    def expire(self, horizon_ms: int) -> None:
        """Drop the panes that start at `horizon_ms` or before."""
        for start_ms in [start for start in self._panes if start <= horizon_ms]:
            self.drop(start_ms)

    def clear(self) -> None:
        for start_ms in list(self._panes):
            self.drop(start_ms)

    def between(self, start_ms: int, end_ms: int) -> list[_Pane]:
        return [pane for start, pane in self._panes.items() if start_ms <= start <= end_ms]

    def starts(self, column: int) -> Iterable[int]:
        """Where a column may be other than zero."""
        return self._aged.get(column, ()) if column in self._columns.ages else self._panes

    def value(self, start_ms: int, column: int) -> int:
        return self._pane(start_ms).value(column)

    def _pane(self, start_ms: int) -> _Pane:
        return self._panes.get(start_ms, _EMPTY)

    def _replace(self, start_ms: int, pane: _Pane) -> None:
        self._columns.count(self._pane(start_ms), -1)
        self._columns.count(pane, 1)
        if len(pane.columns):
            self._panes[start_ms] = pane
        else:
            self._panes.pop(start_ms, None)


@dataclass(slots=True)
class _Partition:
    """What is known of one partition."""

    tiers: Mapping[str, _Panes]
    totals: dict[str, int] = field(default_factory=dict)
    oldest_ms: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Mapping[str, _Columns]) -> "_Partition":
        return cls({tier: _Panes(columns[tier]) for tier in TIERS})

    def apply(self, changes: PaneChanges) -> None:
        for (tier, start_ms), cells in changes.panes.items():
            self.tiers[tier].put(start_ms, cells)
        for tier, start_ms in changes.dropped:
            self.tiers[tier].drop(start_ms)
        self.totals.update(changes.totals)

    def clear(self) -> None:
        for panes in self.tiers.values():
            panes.clear()


def _integers(values: Iterable[int]) -> Integers:
    numbers = list(values)
    small = all(-SMALL < number < SMALL for number in numbers)
    return np.array(numbers, np.int64 if small else object)


def _sum(panes: list[_Pane], size: int) -> Integers:
    """The sum of panes by column."""
    if not panes:
        return np.zeros(size, np.int64)
    values = np.concatenate([pane.values for pane in panes])
    exact = values if len(panes) <= MANY else values.astype(object)
    sums = np.zeros(size, exact.dtype)
    np.add.at(sums, np.concatenate([pane.columns for pane in panes]), exact)
    return sums
