"""Excerpts: of the panes only those cells that some KPIs read, so that hundreds of stretches are cheap.

Of each cell the panes are added up once, from the first on; a stretch is the difference of two such sums.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from streams.engine.kpis.sums import FOREVER_MS, Slice

PaneCells = Mapping[int, Mapping[str, int]]
"""Start of a pane -> its cells that are not 0."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an excerpt is to hold: all parts of these measures in these slices."""

    measures: frozenset[str]
    slices: Collection[Slice]
    since_ms: Mapping[str, int]
    """Tier -> where its first pane begins; of other tiers there is none."""
    totals: Collection[str]
    """The cells whose running totals are wanted."""


class Excerpt:
    """Some cells of some panes, as sums (`streams.engine.kpis.sums.Sums`); keys are the cells themselves."""

    def __init__(self, panes: Mapping[str, PaneCells], totals: Mapping[str, int]) -> None:
        """`panes`: by tier."""
        self._panes = panes
        self._totals = totals
        self._running = lru_cache(maxsize=None)(self._added_up)

    def key(self, cell: str) -> str:
        return cell

    def window(self, tier: str, start_ms: int, end_ms: int) -> Counter[str]:
        """Cell -> sum over the panes of a tier that start in [start_ms, end_ms]."""
        starts, running = self._running(tier)
        first, last = bisect_left(starts, start_ms), bisect_right(starts, end_ms)
        return Counter({cell: sums[last] - sums[first] for cell, sums in running.items()})

    def level_now(self) -> Counter[str]:
        return Counter(self._totals)

    def level_at(self, tier: str, time_ms: int) -> Counter[str]:
        levels = self.level_now()
        levels.subtract(self.window(tier, time_ms, FOREVER_MS))
        return levels

    def totals(self) -> Mapping[str, int]:
        return self._totals

    def cells(self) -> set[str]:
        """Every cell that is not 0 in some pane or total."""
        of_panes = (cells for panes in self._panes.values() for cells in panes.values())
        return set(self._totals).union(*of_panes)

    def first_pane(self, tier: str, cell: str, start_ms: int, end_ms: int) -> int | None:
        return next(iter(self.values(tier, cell, start_ms, end_ms)), None)

    def oldest_ms(self, measure: str) -> int | None:
        """Waiting lists are not part of it."""
        return None

    def values(self, tier: str, cell: str, start_ms: int, end_ms: int) -> Mapping[int, int]:
        panes = self._panes.get(tier, {})
        starts = sorted(start for start in panes if start_ms <= start < end_ms)
        return {start: panes[start][cell] for start in starts if cell in panes[start]}

    def _added_up(self, tier: str) -> tuple[list[int], dict[str, list[int]]]:
        """The starts of the panes, and per cell the sums over the panes before each and over all."""
        panes = self._panes.get(tier, {})
        starts = sorted(panes)
        cells = {cell for cells in panes.values() for cell in cells}
        running = {
            cell: list(accumulate((panes[start].get(cell, 0) for start in starts), initial=0))
            for cell in cells
        }
        return starts, running
