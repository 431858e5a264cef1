"""Subjects: the row of facts that is remembered of each, and how an event is merged into it.

A `SubjectPlan` is compiled from the catalog: `row_type` is a struct with one field per dimension and fact,
and `mergers` has, per event type, the functions that merge an event of that type into a row.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

import msgspec

from schemas.catalog import Catalog, FieldState, Moment, Register, Step, Subject, Transition, nearest, span_ms
from schemas.events import EVENT_TYPES, field_type
from streams.engine import facts
from streams.engine.decode import Event
from streams.engine.expressions import compile_condition
from streams.engine.money import Converter
from streams.naming import UNKNOWN

Row = Any
"""An instance of a subject's generated `row_type`."""
Members = tuple[str, ...]
"""One member per dimension of the subject, in the subject's order."""
Merger = Callable[[Row, Event], int]
"""Merges an event into a row and returns flags: `CHANGED`, `FORGOT`."""
Reader = Callable[[Event], Any]

NEVER: Final = -(2**62)
CHANGED: Final = 1
"""A fact is another than before."""
FORGOT: Final = 2
"""A fact that keeps its earliest and latest times only was full: one in between is forgotten."""
NEWEST: Final = "newest_ms"
"""The field of every row that holds the time of the subject's newest event."""
_DIMENSION: Final = "dim_"
AMOUNT_SUFFIX: Final = "_minor"
"""Fields whose names end so are amounts in the event's currency; they are kept in the reporting currency."""
EVENT_TIME: Final = "time"
"""The field of a register that stands for the event's own time."""


class PlanFault(ValueError):
    """Something in the catalog that cannot be; `at` is where, below the part that is being compiled."""

    def __init__(self, message: str, *at: str | int) -> None:
        self.at = at
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class SubjectPlan:
    """One kind of subject, compiled."""

    kind: str
    subject: Subject
    id_of: Mapping[str, Callable[[Any], str | None]]
    """Event type -> the subject's id in such an event's data."""
    keep_ms: int | None
    """None: for ever."""
    row_type: type[msgspec.Struct]
    mergers: Mapping[str, list[Merger]]
    as_was: tuple[int, ...]
    """Which dimensions are kept as they were."""
    decode_row: Callable[[bytes], Row]
    _dimensions: tuple[str, ...] = field(repr=False)
    _read_dimensions: Callable[[Row], tuple[Any, ...]] = field(repr=False)

    def merge(self, row: Row, event: Event) -> int:
        """Merge an event into a row; `CHANGED` and `FORGOT`. The newest event's time is kept for sweeping."""
        if event.time_ms > row.newest_ms:
            row.newest_ms = event.time_ms
        merged = 0
        for merger in self.mergers[event.type]:
            merged |= merger(row, event)
        return merged

    def members(self, row: Row, time_ms: int | None) -> Members:
        """The subject's member in each dimension at a time; None: now."""
        return tuple([_member(kept, time_ms) for kept in self._read_dimensions(row)])

    def member_changes(self, row: Row) -> list[int]:
        """The times at which a dimension that is kept as it was may have changed."""
        return sorted({time for at in self.as_was for time, _, _ in getattr(row, self._dimensions[at])})


def _member(kept: Any, time_ms: int | None) -> str:
    """`kept` is a first member, None, or the list of all changes."""
    if kept is None:
        return UNKNOWN
    if isinstance(kept, list):
        at = len(kept) if time_ms is None else bisect_right(kept, time_ms, key=lambda member: int(member[0]))
        kept = kept[at - 1] if at else None
    return kept[2] if kept else UNKNOWN


# -- Compiling --------------------------------------------------------------------------------------------


def compile_subject(kind: str, subject: Subject, catalog: Catalog, converter: Converter) -> SubjectPlan:
    """The plan of one subject; PlanFault for the first thing in it that cannot be."""
    _check_names(subject)
    dimensions = _dimensions(subject, catalog)
    builder = _Facts(tuple(catalog.dimensions), converter)
    id_of = {type_: attrgetter(subject.id) for type_ in _event_types(subject)}
    keeps = {name: catalog.dimensions[name].keeps for name in subject.dimensions}
    types = list(id_of) if subject.dimensions_from is None else subject.dimensions_from
    for at, (name, how) in enumerate(keeps.items()):
        builder.add_dimension(at, name, how, types)
    for name, step in subject.steps.items():
        builder.add_step(name, step)
    for name, register in subject.registers.items():
        builder.add_register(name, register)
    for name, map_ in subject.maps.items():
        builder.add_map(name, map_.event, map_.key, map_.field)
    for name, transitions in subject.transitions.items():
        builder.add_transitions(name, transitions)
    for name in subject.moments:
        _at(partial(times_of, subject, name), "moments", name)
    row_type = msgspec.defstruct(f"{kind}_row", builder.fields, array_like=True, gc=False)
    return SubjectPlan(
        kind=kind,
        subject=subject,
        id_of=id_of,
        keep_ms=None if subject.keep == "forever" else span_ms(subject.keep),
        row_type=row_type,
        mergers={type_: builder.mergers.get(type_, []) for type_ in id_of},
        as_was=tuple(at for at, how in enumerate(keeps.values()) if how == "as_was"),
        decode_row=msgspec.msgpack.Decoder(row_type).decode,
        _dimensions=dimensions,
        _read_dimensions=_reader_of(dimensions),
    )


def _reader_of(attributes: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    """Reads attributes as a tuple, whatever their number."""
    if len(attributes) > 1:
        return attrgetter(*attributes)
    return lambda row: tuple(getattr(row, name) for name in attributes)


def _check_names(subject: Subject) -> None:
    seen = {NEWEST: "fields that every row has"}
    for section in ("steps", "registers", "maps", "transitions", "moments"):
        for name in getattr(subject, section):
            if name in seen:
                raise PlanFault(f"{name!r} is already the name of one of the {seen[name]}", section, name)
            if name.startswith(_DIMENSION):
                raise PlanFault(
                    f"{_DIMENSION}.. are the dimensions in a row; choose another name", section, name
                )
            seen[name] = section


def _dimensions(subject: Subject, catalog: Catalog) -> tuple[str, ...]:
    for at, name in enumerate(subject.dimensions):
        if name not in catalog.dimensions:
            raise PlanFault(
                f"unknown dimension {name!r}{nearest(name, catalog.dimensions)}", "dimensions", at
            )
    return tuple(f"{_DIMENSION}{name}" for name in subject.dimensions)


def _event_types(subject: Subject) -> list[str]:
    """The types that say something about the subject, each with the subject's id among its fields."""
    given = list(_given_types(subject))
    for type_, at in given:
        if type_ not in EVENT_TYPES:
            raise PlanFault(f"unknown event type {type_!r}{nearest(type_, EVENT_TYPES)}", *at)
        if subject.id not in EVENT_TYPES[type_].model_fields:
            raise PlanFault(f"{type_} has no field {subject.id!r}, the id of this subject", *at)
    return list(dict.fromkeys(type_ for type_, _ in given))


def _given_types(subject: Subject) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Each event type that the subject names, and where."""
    for section in ("steps", "registers", "maps"):
        for name, fact in getattr(subject, section).items():
            yield fact.event, (section, name, "event")
    for name, transitions in subject.transitions.items():
        for at, transition in enumerate(transitions):
            yield transition.event, ("transitions", name, at, "event")
    for at, type_ in enumerate(subject.dimensions_from or ()):
        yield type_, ("dimensions_from", at)


class _Facts:
    """Collects the fields of a subject's row and the mergers per event type."""

    def __init__(self, dimensions: tuple[str, ...], converter: Converter) -> None:
        self.fields: list[tuple[str, Any, Any]] = [(NEWEST, int, NEVER)]
        self.mergers: dict[str, list[Merger]] = {}
        self._dimensions = dimensions
        self._converter = converter

    def add_dimension(self, at: int, name: str, keeps: str, types: Iterable[str]) -> None:
        attribute = f"{_DIMENSION}{name}"
        if keeps == "as_was":
            self.fields.append((attribute, list[facts.Member], []))
        else:
            self.fields.append((attribute, facts.Member | None, None))
        make = _as_was_merger if keeps == "as_was" else _first_merger
        for type_ in types:
            if holds(type_, name) is not str:
                raise PlanFault(
                    f"{name} of {type_} is no text, so it cannot be a dimension", "dimensions", at
                )
            self._add(type_, make(attribute, attrgetter(name)))

    def add_step(self, name: str, step: Step) -> None:
        self.fields.append((name, list[facts.Time], []))
        where = None
        if step.where is not None:
            known = {field: f"data.{field}" for field in self._known_fields(step.event)}
            where = _at(partial(compile_condition, step.where, "data", known), "steps", name, "where")
        self._add(step.event, _step_merger(name, where))

    def add_register(self, name: str, register: Register) -> None:
        self.fields.append((name, facts.Registered | None, None))
        readers = [
            _at(partial(self._reader, register.event, field), "registers", name, "fields", at)
            for at, field in enumerate(register.fields)
        ]
        self._add(register.event, _register_merger(name, readers))

    def add_map(self, name: str, event: str, key: str, field: str) -> None:
        self.fields.append((name, dict[str, facts.Registered], {}))
        read_key = _at(partial(self._reader, event, key, str), "maps", name, "key")
        read_value = _at(partial(self._reader, event, field, int), "maps", name, "field")
        self._add(event, _map_merger(name, read_key, read_value))

    def add_transitions(self, name: str, transitions: Sequence[Transition]) -> None:
        self.fields.append((name, dict[str, list[facts.Change]], {}))
        for at, transition in enumerate(transitions):
            self._add(transition.event, self._transition_merger(transition, name, at))

    def _transition_merger(self, transition: Transition, name: str, at: int) -> Merger:
        def reader(part: str, field: str | None, *types: type) -> Reader:
            if field is None:
                return lambda event: None
            return _at(partial(self._reader, transition.event, field, *types), "transitions", name, at, part)

        state = transition.state
        constant = state if isinstance(state, int) else None
        read_state = reader("state", state.field if isinstance(state, FieldState) else None, int, bool)
        read_kind, read_key = reader("kind", transition.kind, str), reader("key", transition.key, str)

        def merge(row: Row, event: Event) -> int:
            value = read_state(event) if constant is None else constant
            if value is None:
                return 0
            changes: list[facts.Change] = getattr(row, name).setdefault(read_key(event) or "", [])
            change = (event.time_ms, event.digest, int(value), read_kind(event) or None)
            return _bounded(facts.add_change, changes, change, facts.TRANSITIONS_KEPT)

        return merge

    def _add(self, type_: str, merger: Merger) -> None:
        self.mergers.setdefault(type_, []).append(merger)

    def _known_fields(self, type_: str) -> list[str]:
        return [*dict.fromkeys((*EVENT_TYPES[type_].model_fields, *self._dimensions))]

    def _reader(self, type_: str, field: str, *types: type) -> Reader:
        """Reads a field of an event as it is kept: amounts converted, dates as day numbers.

        PlanFault when there is no such field, or when it holds none of `types` (none given: any will do).
        """
        known = self._known_fields(type_)
        if field not in (EVENT_TIME, *known):
            raise PlanFault(f"{type_} has no field {field!r}{nearest(field, known)}")
        if types and holds(type_, field) not in types:
            raise PlanFault(f"{field} of {type_} does not hold {' or '.join(map(_WORDS.__getitem__, types))}")
        if field == EVENT_TIME:
            return attrgetter("time_ms")
        if field.endswith(AMOUNT_SUFFIX):
            convert = self._converter.convert
            amount = attrgetter(field)
            return lambda event: convert(amount(event.data), event.data.currency)
        read = attrgetter(field)
        if holds(type_, field) is date:
            return lambda event: day.toordinal() if (day := read(event.data)) else None
        return lambda event: read(event.data)


_WORDS: Final = {int: "a whole number", str: "a text", bool: "yes or no", date: "a day"}


def holds(type_: str, field: str) -> type:
    """What a field of an event holds: int, str, bool or date."""
    if field == EVENT_TIME:
        return int
    return (
        field_type(type_, field) if field in EVENT_TYPES[type_].model_fields else str
    )  # a dimension is a text


_T = TypeVar("_T")


def _at(build: Callable[[], _T], *at: str | int) -> _T:
    """Run `build`; what is wrong in it is wrong at `at`."""
    try:
        return build()
    except ValueError as fault:
        raise PlanFault(str(fault), *at, *getattr(fault, "at", ())) from None


# -- Mergers ----------------------------------------------------------------------------------------------


def _first_merger(attribute: str, read: Callable[[Any], str | None]) -> Merger:
    def merge(row: Row, event: Event) -> bool:
        name = read(event.data)
        if not name:
            return False
        member = (event.time_ms, event.digest, name)
        if not facts.earlier(member, getattr(row, attribute)):
            return False
        setattr(row, attribute, member)
        return True

    return merge


def _as_was_merger(attribute: str, read: Callable[[Any], str | None]) -> Merger:
    def merge(row: Row, event: Event) -> int:
        name = read(event.data)
        if not name:
            return 0
        member = (event.time_ms, event.digest, name)
        return _bounded(facts.add_member, getattr(row, attribute), member, facts.TRANSITIONS_KEPT)

    return merge


def _step_merger(name: str, where: Callable[[Any], bool] | None) -> Merger:
    def merge(row: Row, event: Event) -> int:
        if where is not None and not where(event.data):
            return 0
        time = (event.time_ms, event.digest)
        return _bounded(facts.add_time, getattr(row, name), time, facts.TIMES_KEPT)

    return merge


def _register_merger(name: str, readers: Sequence[Reader]) -> Merger:
    def merge(row: Row, event: Event) -> bool:
        new = _registered(event, tuple([read(event) for read in readers]))
        if not facts.wins(new, getattr(row, name)):
            return False
        setattr(row, name, new)
        return True

    return merge


def _map_merger(name: str, read_key: Reader, read_value: Reader) -> Merger:
    def merge(row: Row, event: Event) -> bool:
        registers: dict[str, facts.Registered] = getattr(row, name)
        key = read_key(event) or f"{event.digest:016x}"  # without a key it is known by its event
        new = _registered(event, (read_value(event),))
        if not facts.wins(new, registers.get(key)):
            return False
        registers[key] = new
        return True

    return merge


def _bounded(add: Callable[[list[_T], _T], bool], items: list[_T], item: _T, kept: int) -> int:
    """Add to a fact that keeps `kept` of its earliest and as many of its latest."""
    full = len(items) >= 2 * kept
    changed = add(items, item)
    forgot = full and (changed or item not in items)
    return CHANGED * changed + FORGOT * forgot


def _registered(event: Event, values: tuple[Any, ...]) -> facts.Registered:
    return (event.data.revision or 0, event.time_ms, event.digest, values)


# -- Times that follow from the facts ---------------------------------------------------------------------

Times = Callable[[Row], Sequence[int]]
"""The known times of a step or moment, in order."""


def times_of(subject: Subject, name: str, asking: tuple[str, ...] = ()) -> Times:
    """How to read the times of a step or moment of this subject; PlanFault for another name.

    `asking`: the moments, from the outermost, that rest on it.
    """
    if name in subject.steps:
        return lambda row: [time[0] for time in getattr(row, name)]
    if name in asking:
        raise PlanFault(f"moments rest on each other in a circle: {' -> '.join((*asking, name))}")
    if name in subject.moments:
        return _moment(subject, subject.moments[name], (*asking, name))
    raise PlanFault(f"unknown step {name!r}{nearest(name, (*subject.steps, *subject.moments))}")


def _moment(subject: Subject, moment: Moment, asking: tuple[str, ...]) -> Times:
    if (moment.first is None) == (moment.entering is None):
        raise PlanFault("a moment has `first` (a step) or `entering` (a transition), one of them")
    if moment.entering is not None:
        return _entering(subject, moment.entering, moment.unless_kind)
    first = times_of(subject, moment.first or "", asking)
    after = [times_of(subject, name, asking) for name in moment.after]
    not_before = [times_of(subject, name, asking) for name in moment.not_before]

    def times(row: Row) -> list[int]:
        bound = max(_latest(row, after) + 1, _latest(row, not_before))
        return [time for time in first(row) if time >= bound][:1]

    return times


def _latest(row: Row, all_times: Iterable[Times]) -> int:
    return max((times[-1] for read in all_times if (times := read(row))), default=NEVER)


def _entering(subject: Subject, name: str, unless_kind: str | None) -> Times:
    if name not in subject.transitions:
        raise PlanFault(f"unknown transition {name!r}{nearest(name, subject.transitions)}")

    def times(row: Row) -> list[int]:
        entered = [change for key in getattr(row, name).values() for change in facts.normalised(key)[:1]]
        first = min(entered, key=facts.order, default=None)
        return [] if first is None or (unless_kind is not None and first[3] == unless_kind) else [first[0]]

    return times


def register_names(subject: Subject) -> dict[str, str]:
    """`answer.score` -> the Python that reads it from a row; for conditions of measures."""
    return {
        f"{name}.{field}": f"row.{name}[3][{at}]"
        for name, register in subject.registers.items()
        for at, field in enumerate(register.fields)
    }
