"""What has been applied and is not committed yet, and the numbers that it will be added to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.engine.arrivals import newest_of, sources_in
from streams.engine.decode import Record
from streams.engine.facts import NEVER
from streams.engine.panes import Pane
from streams.engine.work import Effect, Work
from streams.naming import APPLIED, NEWEST_MS, UNCHANGED, rejects_total, source_total


@dataclass(slots=True)
class Pending:
    """The work since the last commit."""

    work: Work
    record_ms: int | None = None
    """Timestamp of the newest record,"""
    record_offset: int | None = None
    """and its offset."""
    records: int = 0
    bytes: int = 0
    since: float | None = None
    """Loop time of the first batch."""

    def note(self, records: Sequence[Record]) -> None:
        """Account for records that were applied, in the order of their offsets."""
        self.records += len(records)
        self.work.receive(records)
        newest = records[-1]
        if self.record_offset is None or newest.offset > self.record_offset:
            self.record_ms, self.record_offset = newest.timestamp, newest.offset


def rejects_by_reason(effect: Effect) -> Counter[str]:
    return Counter(reject.reason for reject in effect.rejects)


def event_totals(effect: Effect) -> dict[str, int]:
    """The differences of the totals that count events rather than measure subjects."""
    counts = {rejects_total(reason): number for reason, number in rejects_by_reason(effect).items()}
    for (_, outcome), number in effect.outcomes.items():
        name = APPLIED if outcome == "applied" else UNCHANGED
        counts[name] = counts.get(name, 0) + number
    return counts


def time_totals(totals: Mapping[str, int], effect: Effect) -> dict[str, int]:
    """The totals that are times, where they are other than in `totals`; 0 for one that is no longer kept."""
    known = sources_in(totals)
    newest = newest_of((known, effect.sources))
    times = {source_total(source): newest.get(source, 0) for source in {*known, *newest}}
    if effect.newest_ms > NEVER:
        times[NEWEST_MS] = max(effect.newest_ms, totals.get(NEWEST_MS, NEVER))
    return {total: time_ms for total, time_ms in times.items() if totals.get(total) != time_ms}


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
            pane: list(cells.keys() - self._cells.get(pane, {}).keys()) for pane, cells in panes.items()
        }
        return {pane: cells for pane, cells in wanted.items() if cells}

    def put(self, panes: Mapping[Pane, Mapping[str, int]]) -> None:
        """Remember values. A cell that is put again counts twice: the cache is emptied early, never late."""
        for pane, cells in panes.items():
            self._cells.setdefault(pane, {}).update(cells)
            self._size += len(cells)

    def sums(self, differences: Mapping[Pane, Mapping[str, int]]) -> dict[Pane, dict[str, int]]:
        """Known values plus differences. Every cell must be known."""
        return {pane: _plus(self._cells[pane], cells) for pane, cells in differences.items()}


def _plus(known: Mapping[str, int], differences: Mapping[str, int]) -> dict[str, int]:
    return {cell: known[cell] + difference for cell, difference in differences.items()}
