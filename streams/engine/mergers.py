"""Merging an event into a row: which facts an event says something about, and how each takes it in.

A `Merge` is compiled from the catalog for each fact and event type. It tells the fact by name, so that the
engine knows which measures may have changed without looking at the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final

from schemas.catalog import Catalog
from schemas.events import Data, EventTypes, field_type
from schemas.measures import FieldState, Map, Register, Step, Subject, Transition, events_of
from schemas.words import nearest
from streams.engine import facts
from streams.engine.decode import Event, epoch_ms
from streams.engine.event_types import AMOUNT_SUFFIX, EVENT_TIME
from streams.engine.expressions import compile_condition
from streams.engine.facts import CHANGED, Row
from streams.engine.faults import PlanFault, located
from streams.engine.money import Converter

STAGES: Final = "stages"
"""The field of a row that holds the stages that the subject was in."""
_CHANGES: Final[Any] = dict[str, list[tuple[int, int, int, str | None]]]
_OPENING_CHANGES: Final[Any] = dict[str, list[tuple[int, int, int, str | None, int]]]
"""Transitions as a row holds them: without the state before, and with it."""

Reader = Callable[[Event], Any]
Merger = Callable[[Row, Event], int]
"""Merges an event into a row and returns flags: `CHANGED`, `FORGOT`."""


@dataclass(frozen=True, slots=True)
class Merge:
    """How one fact takes in an event of one type."""

    fact: str
    when: Callable[[Any], bool] | None
    """The condition on the event's data under which it says anything about the fact."""
    into: Merger


Fields = list[tuple[str, Any, Any]]
"""(name, type, default) of fields of a row."""


def compile_mergers(
    subject: Subject, catalog: Catalog, types: EventTypes, converter: Converter
) -> tuple[Fields, Mapping[str, Sequence[Merge]]]:
    """The facts of a subject, and the merges per event type; PlanFault for the first that cannot be."""
    facts_of = _Facts(tuple(catalog.told), types, converter)
    for name, step in subject.steps.items():
        facts_of.add_step(name, step)
    for name, register in subject.registers.items():
        facts_of.add_register(name, register)
    for name, map_ in subject.maps.items():
        facts_of.add_map(name, map_)
    for name, transitions in subject.transitions.items():
        facts_of.add_transitions(name, transitions)
    if subject.stages or subject.stages_from:
        facts_of.add_stages(list(subject.stages), subject.stages_from)
    return facts_of.fields, facts_of.merges


class _Facts:
    """Collects the facts of a subject and the merges per event type."""

    def __init__(self, dimensions: tuple[str, ...], types: EventTypes, converter: Converter) -> None:
        self.fields: Fields = []
        self.merges: dict[str, list[Merge]] = {}
        self._known = dimensions
        self._types = types
        self._converter = converter

    def add_step(self, name: str, step: Step) -> None:
        self.fields.append((name, list[facts.Time], []))
        self._add(step, step.event, name, _step_merger(name), "steps", name)

    def add_register(self, name: str, register: Register) -> None:
        self.fields.append((name, facts.Registered | None, None))
        for event in events_of(register):
            into = _register_merger(name, self._register_readers(name, register, event))
            self._add(register, event, name, into, "registers", name)

    def add_map(self, name: str, map_: Map) -> None:
        read_key = _keys(located(partial(self._reader, map_.event, map_.key, str), "maps", name, "key"))
        if map_.field is None:
            self.fields.append((name, list[str], []))
            into = _keys_merger(name, read_key, map_.keep)
        else:
            self.fields.append((name, dict[str, facts.Registered], {}))
            read_value = located(partial(self._reader, map_.event, map_.field, int), "maps", name, "field")
            into = _map_merger(name, read_key, read_value, map_.keep)
        self._add(map_, map_.event, name, into, "maps", name)

    def add_transitions(self, name: str, transitions: Sequence[Transition]) -> None:
        opens = any(transition.before is not None for transition in transitions)
        self.fields.append((name, _OPENING_CHANGES if opens else _CHANGES, {}))
        for at, transition in enumerate(transitions):
            into = self._transition_merger(transition, name, at, opens)
            self._add(transition, transition.event, name, into, "transitions", name, at)

    def add_stages(self, stages: Sequence[str], sources: Mapping[str, str]) -> None:
        """The stages that a subject was in, in one fact."""
        if not stages or not sources:
            raise PlanFault("`stages` and `stages_from` need each other", STAGES if stages else "stages_from")
        self.fields.append((STAGES, list[facts.Stage], []))
        places = {stage: at for at, stage in enumerate(stages, 1)}
        for event, field in sources.items():
            read = located(partial(self._reader, event, field, str), "stages_from", event)
            self.merges.setdefault(event, []).append(Merge(STAGES, None, _stage_merger(read, places)))

    def _register_readers(self, name: str, register: Register, event: str) -> list[Reader]:
        """How to read its fields from an event of one of its types; each holds the same in all of them."""
        first = events_of(register)[0]
        readers = []
        for at, field in enumerate(register.fields):
            readers.append(located(partial(self._reader, event, field), "registers", name, "fields", at))
            here, there = (holds(self._types[type_], field) for type_ in (event, first))
            if here is not there:
                text = f"{field} holds {_WORDS[there]} in {first}, and {_WORDS[here]} in {event}"
                raise PlanFault(text, "registers", name, "fields", at)
        return readers

    def _transition_merger(self, transition: Transition, name: str, at: int, opens: bool) -> Merger:
        """`opens`: some transition of this fact tells the state before, so each has a place for it."""

        def reader(part: str, field: str | None, *types: type) -> Reader:
            if field is None:
                return lambda event: None
            return located(
                partial(self._reader, transition.event, field, *types), "transitions", name, at, part
            )

        state = transition.state
        constant = state if isinstance(state, int) else None
        read_state = reader("state", state.field if isinstance(state, FieldState) else None, int, bool)
        read_kind, read_key = reader("kind", transition.kind, str), reader("key", transition.key, str)
        read_before = reader("before", transition.before, int, bool)

        def merge(row: Row, event: Event) -> int:
            value = read_state(event) if constant is None else constant
            if value is None:
                return 0
            changes: list[facts.Change] = getattr(row, name).setdefault(read_key(event) or "", [])
            change: facts.Change = (event.time_ms, event.digest, int(value), read_kind(event) or None)
            if opens:
                change = (*change, int(read_before(event) or 0))
            return facts.bounded(facts.add_change, changes, change, facts.TRANSITIONS_KEPT)

        return merge

    def _add(
        self,
        source: Step | Register | Map | Transition,
        event: str,
        fact: str,
        into: Merger,
        *at: str | int,
    ) -> None:
        """The events of a type of `source`, which stands at `at`, go into a fact."""
        when = None
        if source.where is not None:
            known = {field: f"data.{field}" for field in self._known_fields(event)}
            when = located(partial(compile_condition, source.where, "data", known), *at, "where")
        self.merges.setdefault(event, []).append(Merge(fact, when, into))

    def _known_fields(self, type_: str) -> list[str]:
        return [*dict.fromkeys((*self._types[type_].model_fields, *self._known))]

    def _reader(self, type_: str, field: str, *types: type) -> Reader:
        """Reads a field of an event as it is kept: amounts converted, days as numbers, times as milliseconds.

        PlanFault when there is no such field, or when it holds none of `types` (none given: any will do).
        """
        known = self._known_fields(type_)
        if field not in (EVENT_TIME, *known):
            raise PlanFault(f"{type_} has no field {field!r}{nearest(field, known)}")
        held = holds(self._types[type_], field)
        if types and held not in types:
            raise PlanFault(f"{field} of {type_} does not hold {' or '.join(map(_WORDS.__getitem__, types))}")
        if field == EVENT_TIME:
            return attrgetter("time_ms")
        if field.endswith(AMOUNT_SUFFIX):
            convert = self._converter.convert
            amount = attrgetter(field)
            return lambda event: convert(amount(event.data), event.data.currency)
        read = attrgetter(field)
        if held is date:
            return lambda event: day.toordinal() if (day := read(event.data)) else None
        if held is datetime:
            return lambda event: epoch_ms(time) if (time := read(event.data)) else None
        return attrgetter(f"data.{field}")


_WORDS: Final = {int: "a whole number", str: "a text", bool: "yes or no", date: "a day", datetime: "a time"}


def holds(model: type[Data], field: str) -> type:
    """What a field of an event holds: int, str, bool, date or datetime. A dimension is a text."""
    if field == EVENT_TIME:
        return int
    return field_type(model, field) if field in model.model_fields else str


# -- Into each kind of fact -------------------------------------------------------------------------------


def _step_merger(name: str) -> Merger:
    read = attrgetter(name)

    def merge(row: Row, event: Event) -> int:
        times, time = read(row), (event.time_ms, event.digest)
        if not times:  # as it mostly is
            times.append(time)
            return CHANGED
        return facts.bounded(facts.add_time, times, time, facts.TIMES_KEPT)

    return merge


def _register_merger(name: str, readers: Sequence[Reader]) -> Merger:
    def merge(row: Row, event: Event) -> int:
        new = _registered(event, tuple([read(event) for read in readers]))
        if not facts.wins(new, getattr(row, name)):
            return 0
        setattr(row, name, new)
        return CHANGED

    return merge


def _keys(read: Reader) -> Callable[[Event], str]:
    """The key of an entry of a map; without one it is known by its event."""
    return lambda event: read(event) or f"{event.digest:016x}"


def _map_merger(name: str, read_key: Callable[[Event], str], read_value: Reader, kept: int | None) -> Merger:
    def merge(row: Row, event: Event) -> int:
        new = _registered(event, (read_value(event),))
        return CHANGED * facts.put(getattr(row, name), read_key(event), new, kept)

    return merge


def _keys_merger(name: str, read_key: Callable[[Event], str], kept: int | None) -> Merger:
    def merge(row: Row, event: Event) -> int:
        return CHANGED * facts.add_key(getattr(row, name), read_key(event), kept)

    return merge


def _stage_merger(read: Reader, places: Mapping[str, int]) -> Merger:
    """Stages that are not declared say nothing."""

    def merge(row: Row, event: Event) -> int:
        place = places.get(read(event))
        if place is None:
            return 0
        stage = (event.time_ms, event.digest, place)
        return facts.bounded(facts.add_standing, row.stages, stage, facts.TRANSITIONS_KEPT)

    return merge


def _registered(event: Event, values: tuple[Any, ...]) -> facts.Registered:
    return (event.data.revision or 0, event.time_ms, event.digest, values)
