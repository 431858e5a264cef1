"""From contributions to cells of panes: the whole, one slice per dimension, every tier."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from streams.engine.dimensions import Members
from streams.engine.facts import NEVER
from streams.engine.measures.base import Contribution, Measure
from streams.engine.panes import DAY, HOUR, MINUTE, MINUTE_MS, Calendar, Pane
from streams.naming import cell

Cells = dict[str, int]
Sums = dict[int | None, dict[tuple[str, Members], int]]
"""time_ms -> (part, members) -> number. Without a time it belongs to the running total alone."""

NOTHING_GONE: Final[Mapping[str, int]] = {MINUTE: NEVER, HOUR: NEVER, DAY: NEVER}
"""Tier -> panes that start then or before are gone."""
_REMEMBERED: Final = 50_000
"""Combinations of a part and members whose cells' names are kept."""


class Differences:
    """Sums of contributions, each at the start of the finest pane that holds it and is not gone.

    Every pane of a coarser tier begins where one of a finer tier does, so nothing is lost by that.
    """

    def __init__(self, calendar: Calendar, gone_ms: Mapping[str, int]) -> None:
        self.sums: Sums = defaultdict(dict)
        self._calendar = calendar
        self._hours_gone_ms = gone_ms[HOUR]
        self._minutes_gone_ms = gone_ms[MINUTE]

    def add(self, contributions: Iterable[Contribution], sign: int) -> None:
        all_sums, gone_ms = self.sums, self._minutes_gone_ms
        for part, time_ms, members, amount in contributions:
            start_ms = None if time_ms is None else time_ms - time_ms % MINUTE_MS
            if start_ms is not None and start_ms <= gone_ms:
                start_ms = self._coarser(start_ms)
            sums, key = all_sums[start_ms], (part, members)
            sums[key] = sums.get(key, 0) + sign * amount

    def _coarser(self, minute_ms: int) -> int:
        starts = self._calendar.starts(minute_ms)
        return starts.hour if starts.hour > self._hours_gone_ms else starts.day


class Slices:
    """Names the cells that a contribution goes to."""

    def __init__(self, measures: Mapping[str, Measure], calendar: Calendar) -> None:
        self.calendar = calendar
        self._measures = measures
        self._named = lru_cache(_REMEMBERED)(self._name)

    def expand(self, sums: Sums, gone_ms: Mapping[str, int]) -> tuple[dict[Pane, Cells], Cells]:
        """(panes, running totals), without cells that are 0 and panes that are gone."""
        finest: dict[tuple[Sequence[str], int], Cells] = {}
        totals: Cells = {}
        for start_ms, of_start in sums.items():
            by_tiers = self._sliced(of_start)
            if start_ms is None:
                for cells in by_tiers.values():
                    _add(totals, cells)
            else:
                finest.update(((tiers, start_ms), cells) for tiers, cells in by_tiers.items())
        return self._rolled_up(finest, gone_ms), _without_zeros(totals)

    def _sliced(self, sums: Mapping[tuple[str, Members], int]) -> dict[Sequence[str], Cells]:
        """The cells that sums go to, by the tiers that these are of."""
        by_tiers: defaultdict[Sequence[str], Cells] = defaultdict(dict)
        for (part, members), amount in sums.items():
            if amount:
                tiers, names = self._named(part, members)
                cells = by_tiers[tiers]
                for name in names:
                    cells[name] = cells.get(name, 0) + amount
        return by_tiers

    def _rolled_up(
        self, finest: Mapping[tuple[Sequence[str], int], Cells], gone_ms: Mapping[str, int]
    ) -> dict[Pane, Cells]:
        """Each tier's panes, as sums of the finest."""
        panes: dict[Pane, Cells] = {}
        for (tiers, start_ms), cells in finest.items():
            starts = self.calendar.starts(start_ms)
            for tier in tiers:
                start = starts.of(tier)
                if start > gone_ms[tier]:
                    _add(panes.setdefault((tier, start), {}), cells)
        found = {pane: _without_zeros(cells) for pane, cells in panes.items()}
        return {pane: cells for pane, cells in found.items() if cells}

    def _name(self, part: str, members: Members) -> tuple[Sequence[str], Sequence[str]]:
        """The tiers of a part's measure, and the part's cells: the whole and a slice per dimension."""
        measure = self._measures[part.partition(".")[0]]
        return measure.tiers_of(part), (part, *(cell(part, *slice_) for slice_ in measure.slices(members)))


def _add(sums: Cells, cells: Cells) -> None:
    for name, amount in cells.items():
        sums[name] = sums.get(name, 0) + amount


def _without_zeros(cells: Cells) -> Cells:
    return {name: amount for name, amount in cells.items() if amount}
