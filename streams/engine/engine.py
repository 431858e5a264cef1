"""The engine: events and facts in, changes out. A function of the log: no I/O and no clock.

    events, rejects = engine.decode(records)
    rows = load(engine.keys(events))
    effect = engine.apply(events, rows)

`load` is whoever keeps the rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from streams.engine.decode import Event, Record, Reject
from streams.engine.measures import Seen
from streams.engine.panes import MINUTE_MS, Pane
from streams.engine.plan import Plan
from streams.engine.subjects import CHANGED, FORGOT, NEVER, Members, Row, SubjectPlan
from streams.naming import cell

RowKey = tuple[str, str]
"""(subject kind, subject id)."""
_Contributions = dict[tuple[str, int | None, Members], int]
"""(part, time_ms to the minute, members) -> number."""

_encode: Final = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Effect:
    """What a batch of events changes. Numbers in `panes` and `totals` are differences."""

    rows: dict[RowKey, Row] = field(default_factory=dict)
    panes: dict[Pane, dict[str, int]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, dict[str, int | None]] = field(default_factory=dict)
    """Measure -> subject id -> waiting since (ms), or None when it waits no longer."""
    rejects: list[Reject] = field(default_factory=list)
    outcomes: dict[tuple[str, str], int] = field(default_factory=dict)
    """(event type, `applied` or `unchanged`) -> events."""
    newest_ms: int = NEVER
    """Time of the newest accepted event."""
    forgotten: int = 0
    """How often a full fact forgot a time between its earliest and its latest."""


@dataclass(slots=True)
class _Touched:
    """A row that a batch of events is about, and what it contributed before."""

    plan: SubjectPlan
    row: Row
    before: _Contributions
    waiting: list[int | None]
    changed: bool = False


class Engine:
    """Applies events by one plan. `sweeps`: rows are forgotten after their keep, and older events refused."""

    def __init__(self, plan: Plan, *, sweeps: bool) -> None:
        self.plan = plan
        self._sweeps = sweeps
        self._open_measures = {
            kind: [(one.name, one.waiting_since) for one in measures if one.waiting_since is not None]
            for kind, measures in plan.measures_of.items()
        }

    def decode(self, records: Iterable[Record]) -> tuple[list[Event], list[Reject]]:
        return self.plan.decoder.decode(records)

    def keys(self, events: Iterable[Event]) -> set[RowKey]:
        """The rows that `apply` needs to see."""
        return {key for event in events for _, key in self._subjects(event)}

    def apply(self, events: Iterable[Event], rows: Mapping[RowKey, Row | None]) -> Effect:
        """Merge events into facts, and take the difference of the contributions before and after.

        `rows` holds the rows of `keys(events)`, None for one that does not exist. They are changed in place.
        """
        effect = Effect()
        touched: dict[RowKey, _Touched] = {}
        for event in events:
            subjects = self._subjects(event)
            if self._too_late(event, subjects, rows, touched, effect):
                continue
            changed = False
            for plan, key in subjects:
                subject = touched.get(key) or self._touch(plan, key, rows, touched)
                newer = event.time_ms > subject.row.newest_ms
                merged = plan.merge(subject.row, event)
                effect.forgotten += bool(merged & FORGOT)
                if merged & CHANGED:
                    changed = subject.changed = True
                if changed or newer:
                    effect.rows[key] = subject.row
            self._account(event, changed, effect)
        self._differences(touched, effect)
        return effect

    def holds(self, kind: str, row: Row, since_ms: int) -> bool:
        """Whether a row must not be forgotten.

        It still counts in a level or a waiting list, or it contributes to a pane after `since_ms`: taken back
        later, that contribution would have to be known.
        """
        plan = self.plan.subjects[kind]
        contributions = self._contributions(plan, row).items()
        counts = any(amount and (time is None or time > since_ms) for (_, time, _), amount in contributions)
        return counts or any(since is not None for since in self._waiting(plan, row))

    def forgets(self, kind: str, row: Row, now_ms: int) -> bool:
        """Whether a row is past its keep and nothing needs it: swept or not, it counts as gone."""
        keep_ms = self.plan.subjects[kind].keep_ms
        if keep_ms is None or row.newest_ms + keep_ms >= now_ms:
            return False
        return not self.holds(kind, row, now_ms - keep_ms)

    def decode_row(self, kind: str, data: bytes) -> Row:
        return self.plan.subjects[kind].decode_row(data)

    @staticmethod
    def encode_row(row: Row) -> bytes:
        return _encode(row)

    # -- One event ----------------------------------------------------------------------------------------

    def _subjects(self, event: Event) -> list[tuple[SubjectPlan, RowKey]]:
        """The subjects that an event is about, with the keys of their rows."""
        subjects = self.plan.by_type.get(event.type, ())
        return [(plan, (plan.kind, id_)) for plan in subjects if (id_ := plan.id_of[event.type](event.data))]

    def _touch(
        self,
        plan: SubjectPlan,
        key: RowKey,
        rows: Mapping[RowKey, Row | None],
        touched: dict[RowKey, "_Touched"],
    ) -> "_Touched":
        """Remember what a row contributes before the first event of the batch changes it."""
        row = rows.get(key)
        if row is None:  # a subject without facts contributes nothing
            waiting: list[int | None] = [None] * len(self._open_measures[plan.kind])
            touched[key] = _Touched(plan, plan.row_type(), {}, waiting)
        else:
            touched[key] = _Touched(plan, row, self._contributions(plan, row), self._waiting(plan, row))
        return touched[key]

    def _too_late(
        self,
        event: Event,
        subjects: Iterable[tuple[SubjectPlan, RowKey]],
        rows: Mapping[RowKey, Row | None],
        touched: Mapping[RowKey, "_Touched"],
        effect: Effect,
    ) -> bool:
        """Refuse an event whose row is forgotten, judged by its record's timestamp.

        A row that will be swept at some time is as good as gone: when that is must not matter.
        """
        if not self._sweeps:
            return False
        for plan, key in subjects:
            if plan.keep_ms is None or event.time_ms >= event.now_ms - plan.keep_ms:
                continue
            row = touched[key].row if key in touched else rows.get(key)
            if row is None or self.forgets(plan.kind, row, event.now_ms):
                days = plan.keep_ms // 86_400_000
                message = (
                    f"older than the {days} days that a {plan.kind} is remembered for, and its row is gone"
                )
                effect.rejects.append(Reject(event.record, "too_late", "time", message))
                return True
        return False

    @staticmethod
    def _account(event: Event, changed: bool, effect: Effect) -> None:
        outcome = (event.type, "applied" if changed else "unchanged")
        effect.outcomes[outcome] = effect.outcomes.get(outcome, 0) + 1
        effect.newest_ms = max(effect.newest_ms, event.time_ms)

    # -- Differences --------------------------------------------------------------------------------------

    def _contributions(self, plan: SubjectPlan, row: Row) -> _Contributions:
        """All that a row contributes, to the minute: every pane begins at a whole minute."""
        sums: _Contributions = {}
        seen = Seen(plan, row)
        for measure in self.plan.measures_of[plan.kind]:
            for part, time_ms, members, amount in measure.contribute(seen):
                key = (part, None if time_ms is None else time_ms - time_ms % MINUTE_MS, members)
                sums[key] = sums.get(key, 0) + amount
        return sums

    def _waiting(self, plan: SubjectPlan, row: Row) -> list[int | None]:
        return [waiting_since(row) for _, waiting_since in self._open_measures[plan.kind]]

    def _differences(self, touched: Mapping[RowKey, "_Touched"], effect: Effect) -> None:
        differences: dict[str, _Contributions] = {}
        for (kind, id_), subject in touched.items():
            if not subject.changed:
                continue
            sums = differences.setdefault(kind, {})
            for contribution, amount in self._contributions(subject.plan, subject.row).items():
                sums[contribution] = sums.get(contribution, 0) + amount
            for contribution, amount in subject.before.items():
                sums[contribution] = sums.get(contribution, 0) - amount
            self._note_waiting(id_, subject, effect)
        for kind, sums in differences.items():
            self._expand(self.plan.subjects[kind].subject.dimensions, sums, effect)

    def _note_waiting(self, id_: str, subject: "_Touched", effect: Effect) -> None:
        now_waiting = self._waiting(subject.plan, subject.row)
        if now_waiting == subject.waiting:
            return
        measures = self._open_measures[subject.plan.kind]
        for (name, _), was, since in zip(measures, subject.waiting, now_waiting, strict=True):
            if was != since:
                effect.waiting.setdefault(name, {})[id_] = since

    def _expand(self, dimensions: Iterable[str], sums: _Contributions, effect: Effect) -> None:
        """Each difference goes to the whole and to one slice per dimension, in every tier of its measure."""
        names = tuple(dimensions)
        for (part, time_ms, members), amount in sums.items():
            if not amount:
                continue
            cells = [part, *(cell(part, name, member) for name, member in zip(names, members, strict=True))]
            for target in self._targets(part, time_ms, effect):
                for one in cells:
                    target[one] = target.get(one, 0) + amount

    def _targets(self, part: str, time_ms: int | None, effect: Effect) -> list[dict[str, int]]:
        if time_ms is None:
            return [effect.totals]
        starts = self.plan.calendar.starts(time_ms)
        tiers = self.plan.measures[part.partition(".")[0]].tiers
        return [effect.panes.setdefault((tier, starts.of(tier)), {}) for tier in tiers]
