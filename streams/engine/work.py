"""What a number of events change: merged into their subjects' rows, then told as differences.

    work = engine.begin()
    work.merge(events, rows)        # as often as there are more
    effect = work.effect()          # at the end

Only the measures that read a fact of which an event speaks are looked at. What they contributed before is
computed when the first such event comes, and what they contribute now at the end.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from streams.engine.arrivals import Arrivals
from streams.engine.decode import Event, Record, Reject
from streams.engine.endings import ERASED, ended
from streams.engine.facts import CHANGED, FORGOT, NEVER, Row
from streams.engine.measures.base import Contribution
from streams.engine.panes import DAY_MS, Pane
from streams.engine.routes import Chosen, Kind, Route
from streams.engine.slices import NOTHING_GONE, Cells, Differences, Slices

encode_row: Final = msgspec.msgpack.Encoder().encode
_OUTCOMES: Final = ("unchanged", "applied", "erased")
RowKey = tuple[str, str]
"""(subject kind, subject id)."""


@dataclass(slots=True)
class Effect:
    """What events change. Numbers in `panes` and `totals` are differences."""

    rows: Mapping[RowKey, bytes]
    """As they are kept."""
    panes: Mapping[Pane, Cells]
    totals: Cells
    waiting: Mapping[str, Mapping[str, int | None]]
    """Measure -> subject id -> waiting since (ms), or None when it waits no longer."""
    rejects: list[Reject]
    outcomes: Mapping[tuple[str, str], int]
    """(event type, `applied`, `unchanged` or, of a customer who is erased, `erased`) -> events."""
    newest_ms: int
    """Time of the newest accepted event."""
    forgotten: int
    """How often a full fact forgot a time between its earliest and its latest."""
    sources: Mapping[str, int] = field(default_factory=dict)
    """Source -> time of its newest accepted event."""


class _Touched(msgspec.Struct, gc=False):
    """A row that events are about, and what it contributed before them."""

    kind: Kind
    row: Row
    is_new: bool
    chosen: Chosen = 0
    before: list[Contribution] = []
    is_changed: bool = False
    """A fact is another than before."""
    is_newer: bool = False
    """The time of its newest event is."""

    def choose(self, chosen: Chosen) -> None:
        """These measures may change now: remember what they contributed. What is new contributed nothing."""
        more = chosen & ~self.chosen
        if more:
            self.chosen |= more
            if not self.is_new:
                self.before += self.kind.contributions(self.row, more)

    def contributions(self) -> list[Contribution]:
        """What it contributes now, by the measures that may have changed."""
        return self.kind.contributions(self.row, self.chosen)

    def leave_tombstone(self) -> None:
        """Of its row it is left only that it is erased."""
        self.begin_anew()
        self.row.gone, self.is_changed = ERASED, True

    def begin_anew(self) -> None:
        """Its row is gone."""
        self.row, self.is_new, self.is_changed = self.kind.plan.row_type(), True, False
        self.chosen, self.before = 0, []

    def move(self) -> None:
        """The subject may come into another slice, with all that it contributed before."""
        if not self.is_new:
            self.choose(self.kind.all)


class Work:
    """Merges events, and tells what they have changed. After an error it is of no use any more."""

    def __init__(
        self, routes: Mapping[str, Sequence[Route]], slices: Slices, shortest_keep_ms: int | None
    ) -> None:
        """`shortest_keep_ms`: no event that is younger is too late; None: none ever is."""
        self._routes = routes
        self._slices = slices
        self._keep_ms = shortest_keep_ms
        self._touched: dict[RowKey, _Touched] = {}
        self.rejects: list[Reject] = []
        """What was too late; whoever decodes may add what was refused there."""
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        """Event type -> events per outcome, in the order of `_OUTCOMES`."""
        self._newest_ms: dict[str, int] = {}
        """Source -> time of its newest accepted event."""
        self._arrivals = Arrivals()
        self._forgotten = 0
        self._ended: list[tuple[RowKey, Kind, list[Contribution], list[Contribution]]] = []
        """Rows that were forgotten or erased meanwhile: what they contributed before, and at last."""

    def missing(self, events: Iterable[Event]) -> set[RowKey]:
        """The rows that merging these events needs to see and has not seen yet."""
        touched = self._touched
        return {
            key
            for event in events
            for route in self._routes.get(event.type, ())
            if (id_ := route.id_of(event.data)) and (key := (route.kind_name, id_)) not in touched
        }

    @property
    def newest_ms(self) -> int:
        """Time of the newest accepted event; NEVER before there is one."""
        return max(self._newest_ms.values(), default=NEVER)

    def receive(self, records: Iterable[Record]) -> None:
        """Count records that arrived, whatever becomes of them."""
        self._arrivals.add(records)

    def rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Row]:
        """Rows as they are now, of those that are not missing."""
        return {key: self._touched[key].row for key in keys}

    def merge(self, events: Iterable[Event], rows: Mapping[RowKey, Row | None]) -> None:
        """Merge events into the rows of their subjects.

        `rows` holds those that were missing, None for one that does not exist. They are changed in place.
        """
        newest_ms = self._newest_ms
        for event in events:
            routes = self._routes.get(event.type, ())
            old_ms = NEVER if self._keep_ms is None else event.now_ms - self._keep_ms
            if event.time_ms < old_ms and self._is_too_late(event, routes, rows):
                continue
            changed = erased = False
            for route in routes:
                id_ = route.id_of(event.data)
                if id_:
                    key = (route.kind_name, id_)
                    touched = self._touched.get(key) or self._touch(route.kind, key, rows)
                    if touched.row.gone == ERASED:
                        erased = True
                        continue
                    if NEVER < touched.row.newest_ms < old_ms:
                        self._forget(key, touched, event.now_ms)
                    if self._merge(event, touched, route):
                        changed = True
                    if route.erases:
                        self._erase(key, touched, event.time_ms)
            self._counts[event.type][changed or 2 * erased] += 1
            if event.time_ms > newest_ms.get(event.source, NEVER):
                newest_ms[event.source] = event.time_ms

    def effect(self, gone_ms: Mapping[str, int] = NOTHING_GONE) -> Effect:
        """What all these events have changed.

        `gone_ms`: tier -> panes that start then or before are left out; a finer tier's go first.
        """
        differences = Differences(self._slices.calendar, gone_ms)
        waiting: dict[str, dict[str, int | None]] = {}
        rows: dict[RowKey, bytes] = {}
        for last in self._ended:
            _tell(*last, differences, waiting)
        for key, touched in self._touched.items():  # once: each row is far away by now
            if touched.is_changed or touched.is_newer:
                rows[key] = encode_row(touched.row)
            if touched.is_changed and touched.chosen:
                _tell(key, touched.kind, touched.before, touched.contributions(), differences, waiting)
        differences.add(self._arrivals.contributions(self.rejects), 1)
        panes, totals = self._slices.expand(differences.sums, gone_ms)
        return Effect(
            rows=rows,
            panes=panes,
            totals=totals,
            waiting=waiting,
            rejects=self.rejects,
            outcomes=self._outcomes(),
            newest_ms=self.newest_ms,
            forgotten=self._forgotten,
            sources=self._newest_ms,
        )

    def _outcomes(self) -> dict[tuple[str, str], int]:
        return {
            (type_, outcome): number
            for type_, counts in self._counts.items()
            for outcome, number in zip(_OUTCOMES, counts, strict=True)
            if number
        }

    # -- One event ----------------------------------------------------------------------------------------

    def _touch(self, kind: Kind, key: RowKey, rows: Mapping[RowKey, Row | None]) -> _Touched:
        row = rows[key]
        is_new = row is None
        touched = self._touched[key] = _Touched(kind, kind.plan.row_type() if is_new else row, is_new)
        return touched

    def _forget(self, key: RowKey, touched: _Touched, now_ms: int) -> None:
        """A row that will be swept at some time is as good as gone: when that is must not matter."""
        if touched.kind.forgets(touched.row, now_ms):
            self._ended.append((key, touched.kind, touched.before, touched.contributions()))
            touched.begin_anew()

    def _erase(self, key: RowKey, touched: _Touched, time_ms: int) -> None:
        """Replace the row, in which all is closed, by a tombstone; what it contributes now stays."""
        kind = touched.kind
        contributions = ended(touched.contributions(), kind.ages, time_ms)
        self._ended.append((key, kind, touched.before, contributions))
        touched.leave_tombstone()

    def _merge(self, event: Event, touched: _Touched, route: Route) -> bool:
        """Merge an event into a row; whether that changed a fact. A newer time alone is kept for sweeping."""
        row, data = touched.row, event.data
        flags = 0
        if route.dimensions is not None and route.dimensions.moves(row, data, event.time_ms):
            touched.move()
            flags = route.dimensions.merge(row, event)
        for when, into, chosen in route.merges:
            if when is None or when(data):
                if chosen & ~touched.chosen:
                    touched.choose(chosen)
                flags |= into(row, event)
        if event.time_ms > row.newest_ms:
            row.newest_ms = event.time_ms
            touched.is_newer = True
        if flags & FORGOT:
            self._forgotten += 1
        if flags & CHANGED:
            touched.is_changed = True
        return flags & CHANGED != 0

    def _is_too_late(self, event: Event, routes: Iterable[Route], rows: Mapping[RowKey, Row | None]) -> bool:
        """Refuse an event whose row is forgotten, judged by its record's timestamp.

        A row that will be swept at some time is as good as gone: when that is must not matter.
        """
        for route in routes:
            kind, id_, keep_ms = route.kind, route.id_of(event.data), route.kind.plan.keep_ms
            if not id_ or keep_ms is None or event.time_ms >= event.now_ms - keep_ms:
                continue
            touched = self._touched.get((kind.name, id_))
            row = rows[kind.name, id_] if touched is None else touched.row
            if row is None or kind.forgets(row, event.now_ms):
                message = (
                    f"older than the {keep_ms // DAY_MS} days that a {kind.name} is remembered for, "
                    "and its row is gone"
                )
                self.rejects.append(Reject(event.record, "too_late", "time", message))
                return True
        return False


def _tell(
    key: RowKey,
    kind: Kind,
    before: Sequence[Contribution],
    after: Sequence[Contribution],
    differences: Differences,
    waiting: dict[str, dict[str, int | None]],
) -> None:
    """What a row contributes now, less what it contributed before."""
    if after == before:
        return
    differences.add(after, 1)
    differences.add(before, -1)
    for measure, age in kind.ages:
        since = _since(after, age)
        if since != _since(before, age):
            waiting.setdefault(measure, {})[key[1]] = since


def _since(contributions: Iterable[Contribution], age: str) -> int | None:
    """Since when a subject is open, in milliseconds; None: it is not."""
    for part, time_ms, _, _ in contributions:
        if part == age:
            return time_ms
    return None
