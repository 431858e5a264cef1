"""Tiers: the panes of all partitions that are equally long, and the sums over windows of them.

Sums are kept: what changes in a pane changes each window that holds it, and when time moves a window, what
counts are the panes between its old and its new edges. What was told of a window is never changed afterwards.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import Final

import numpy as np

from streams.engine.kpis.sums import Numbers
from streams.serve.columns import Columns, Integers, roomy, told
from streams.serve.panes import MANY, Pane, Panes

NOTED: Final = 2**20
"""When so many cells have changed, sums are brought up to date though nobody asks for them."""


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

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._panes: dict[int, Panes] = {}
        """By partition."""
        self._sums: dict[Span, Integers] = {}
        """By column. An array is replaced when something in it changes, or when there are more columns."""
        self._told: dict[Span, tuple[Integers, Numbers]] = {}
        self._news = _News()
        self._asked: set[Span] = set()

    def of(self, partition: int) -> Panes:
        """The panes of one partition."""
        if partition not in self._panes:
            self._panes[partition] = Panes(self._columns, self._note)
        return self._panes[partition]

    def window(self, start_ms: int, end_ms: int) -> Numbers:
        """Sums over the panes that start in [start_ms, end_ms], by column; the same while nothing changes."""
        span = Span(start_ms, end_ms)
        self._asked.add(span)
        self._settle()
        sums = self._sums[span] = self._roomy(self._sums[span] if span in self._sums else self._rolled(span))
        if span not in self._told or self._told[span][0] is not sums:
            self._told[span] = sums, told(sums)
        return self._told[span][1]

    def forget_windows(self) -> None:
        """Keep the sums of those windows only that were asked for since the last time."""
        for span in [span for span in self._sums if span not in self._asked]:
            del self._sums[span]
            self._told.pop(span, None)
        self._asked.clear()

    def values(self, cell: str, start_ms: int, end_ms: int) -> dict[int, int]:
        """Start -> value of the panes in [start_ms, end_ms) in which a cell is not 0, in order of time."""
        column = self._columns.get(cell)
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
        chosen = self._columns.mask(columns)
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
        return dict(zip(self._columns.named(pane.columns), pane.values.tolist(), strict=True))

    def _note(self, start_ms: int, more: Pane) -> None:
        if self._sums:
            self._news.note(start_ms, more)
        if self._news.cells > NOTED:
            self._settle()

    def _settle(self) -> None:
        """Bring the sums up to date."""
        if not self._news.cells:
            return
        news, self._news = self._news.in_order(), _News()
        for span, sums in self._sums.items():
            more = news.within(span)
            if len(more.columns):
                self._sums[span] = self._plus(sums, [more])

    def _rolled(self, span: Span) -> Integers:
        """The sums of a window, from the nearest that is known; to begin with, that is one of no pane."""
        none = Span(span.start_ms, span.start_ms - 1)
        known = {none: np.zeros(0, np.int64), **self._sums}
        nearest = min(known, key=span.distance_ms)
        return self._plus(known[nearest], self._between(nearest, span))

    def _between(self, before: Span, after: Span) -> Iterator[Pane]:
        """What a window holds after it was moved and did not before; and negative, what it held before."""
        for panes in self._panes.values():
            for start_ms, pane in panes.items():
                if sign := after.holds(start_ms) - before.holds(start_ms):
                    yield pane if sign > 0 else pane.negative()

    def _plus(self, sums: Integers, panes: Iterable[Pane]) -> Integers:
        """The sums with more panes."""
        more, sums = Pane.of_all(panes), self._roomy(sums)
        result = sums.astype(np.result_type(sums, more.values))
        np.add.at(result, more.columns, more.values)
        return result

    def _roomy(self, sums: Integers) -> Integers:
        """With room for all columns, and for the sum of as many panes as there are."""
        is_many = sum(map(len, self._panes.values())) > MANY
        return roomy(sums, self._columns.room).astype(object if is_many else sums.dtype, copy=False)


class _News:
    """What panes have more than the sums know of."""

    def __init__(self) -> None:
        self.cells = 0
        self._noted: list[tuple[int, Pane]] = []
        """By the panes' starts."""

    def note(self, start_ms: int, more: Pane) -> None:
        self._noted.append((start_ms, more))
        self.cells += len(more.columns)

    def in_order(self) -> "_InOrder":
        """In the order of the panes' starts."""
        noted = sorted(self._noted, key=itemgetter(0))
        ends = accumulate((len(more.columns) for _, more in noted), initial=0)
        return _InOrder([start for start, _ in noted], list(ends), Pane.of_all(more for _, more in noted))


@dataclass(frozen=True, slots=True)
class _InOrder:
    starts: Sequence[int]
    ends: Sequence[int]
    """Where in `all` the first of them begins, and each ends."""
    all: Pane

    def within(self, span: Span) -> Pane:
        """What a window has more; a column may stand there several times."""
        first, last = bisect_left(self.starts, span.start_ms), bisect_right(self.starts, span.end_ms)
        return self.all.part(self.ends[first], self.ends[last])
