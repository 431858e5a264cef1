"""The engine: events and facts in, changes out. A function of the log: no I/O and no clock.

    events, rejects = engine.decode(records)
    rows = load(engine.keys(events))
    effect = engine.apply(events, rows)

`load` is whoever keeps the rows.
"""

from collections.abc import Iterable, Mapping

from streams.engine.decode import Event, Record, Reject
from streams.engine.facts import Row
from streams.engine.plan import Plan
from streams.engine.routes import routes_of
from streams.engine.slices import Slices
from streams.engine.work import Effect, RowKey, Work, encode_row


class Engine:
    """Applies events by one plan. `sweeps`: rows are forgotten after their keep, and older events refused."""

    def __init__(self, plan: Plan, *, sweeps: bool) -> None:
        self.plan = plan
        keeps = [subject.keep_ms for subject in plan.subjects.values() if subject.keep_ms is not None]
        self._shortest_keep_ms = min(keeps, default=None) if sweeps else None
        self._kinds, self._routes = routes_of(plan)
        self._slices = Slices(plan.measures, plan.calendar)

    def decode(self, records: Iterable[Record]) -> tuple[list[Event], list[Reject]]:
        return self.plan.decoder.decode(records)

    def keys(self, events: Iterable[Event]) -> set[RowKey]:
        """The rows that merging these events needs to see."""
        return {
            (route.kind.name, id_)
            for event in events
            for route in self._routes.get(event.type, ())
            if (id_ := route.id_of(event.data))
        }

    def begin(self) -> Work:
        """Work that several batches of events may go into."""
        return Work(self._routes, self._slices, self._shortest_keep_ms)

    def apply(self, events: Iterable[Event], rows: Mapping[RowKey, Row | None]) -> Effect:
        """Merge events into facts, and take the difference of the contributions before and after.

        `rows` holds the rows of `keys(events)`, None for one that does not exist. They are changed in place.
        """
        work = self.begin()
        work.merge(events, rows)
        return work.effect()

    def forgets(self, kind: str, row: Row, now_ms: int) -> bool:
        """Whether a row is past its keep and nothing needs it: swept or not, it counts as gone."""
        return self._kinds[kind].forgets(row, now_ms)

    def decode_row(self, kind: str, data: bytes) -> Row:
        return self.plan.subjects[kind].decode_row(data)

    @staticmethod
    def encode_row(row: Row) -> bytes:
        return encode_row(row)
