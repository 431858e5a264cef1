"""What has been applied and is not committed yet, and the numbers that it will be added to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.engine.decode import Reject
from streams.engine.engine import Effect, RowKey
from streams.engine.panes import Pane
from streams.engine.subjects import NEVER, Row
from streams.naming import APPLIED, UNCHANGED, rejects_total


@dataclass(slots=True)
class Pending:
    """The effects since the last commit, as one."""

    rows: dict[RowKey, Row] = field(default_factory=dict)
    panes: dict[Pane, dict[str, int]] = field(default_factory=dict)
    """Differences."""
    totals: Counter[str] = field(default_factory=Counter)
    """Differences."""
    waiting: dict[str, dict[str, int | None]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    newest_ms: int = NEVER
    forgotten: int = 0
    record_ms: int | None = None
    """Timestamp of the newest record,"""
    record_offset: int | None = None
    """and its offset."""
    records: int = 0
    bytes: int = 0
    since: float | None = None
    """Loop time of the first effect."""

    def add(self, effect: Effect) -> None:
        """Put one more effect on top."""
        self.rows.update(effect.rows)
        for pane, cells in effect.panes.items():
            _add(self.panes.setdefault(pane, {}), cells)
        self.totals.update(effect.totals)
        for measure, since in effect.waiting.items():
            self.waiting.setdefault(measure, {}).update(since)
        self.rejects += effect.rejects
        self.outcomes.update(effect.outcomes)
        self.newest_ms = max(self.newest_ms, effect.newest_ms)
        self.forgotten += effect.forgotten

    def rejects_by_reason(self) -> Counter[str]:
        return Counter(reject.reason for reject in self.rejects)

    def counters(self) -> dict[str, int]:
        """The differences of the totals that count events rather than measure subjects."""
        counts = {rejects_total(reason): number for reason, number in self.rejects_by_reason().items()}
        for (_, outcome), number in self.outcomes.items():
            name = APPLIED if outcome == "applied" else UNCHANGED
            counts[name] = counts.get(name, 0) + number
        return counts


def _add(cells: dict[str, int], differences: Mapping[str, int]) -> None:
    for cell, difference in differences.items():
        cells[cell] = cells.get(cell, 0) + difference


class PaneCache:
    """The values of the cells that were lately written, so that a commit need not read them again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._cells: dict[Pane, dict[str, int]] = {}
        self._size = 0

    def missing(self, panes: Mapping[Pane, Mapping[str, int]]) -> dict[Pane, list[str]]:
        """The cells whose values are not known here. When too many are, all are forgotten first."""
        if self._size > self._limit:
            self._cells, self._size = {}, 0
        wanted = {
            pane: [cell for cell in cells if cell not in self._cells.get(pane, {})]
            for pane, cells in panes.items()
        }
        return {pane: cells for pane, cells in wanted.items() if cells}

    def put(self, panes: Mapping[Pane, Mapping[str, int]]) -> None:
        """Remember values. A cell that is put again counts twice: the cache is emptied early, never late."""
        for pane, cells in panes.items():
            self._cells.setdefault(pane, {}).update(cells)
            self._size += len(cells)

    def sums(self, differences: Mapping[Pane, Mapping[str, int]]) -> dict[Pane, dict[str, int]]:
        """Known values plus differences. Every cell must be known."""
        return {
            pane: {cell: self._cells[pane][cell] + difference for cell, difference in cells.items()}
            for pane, cells in differences.items()
        }
