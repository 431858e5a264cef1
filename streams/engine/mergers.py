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
from schemas.measures import FieldState, Register, Step, Subject, Transition
from schemas.words import nearest
from streams.engine import facts
from streams.engine.decode import Event, epoch_ms
from streams.engine.event_types import AMOUNT_SUFFIX, EVENT_TIME
from streams.engine.expressions import compile_condition
from streams.engine.facts import CHANGED, Row
from streams.engine.faults import PlanFault, located
from streams.engine.money import Converter

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
    facts_of = _Facts(tuple(catalog.dimensions), types, converter)
    for name, step in subject.steps.items():
        facts_of.add_step(name, step)
    for name, register in subject.registers.items():
        facts_of.add_register(name, register)
    for name, map_ in subject.maps.items():
        facts_of.add_map(name, map_.event, map_.key, map_.field)
    for name, transitions in subject.transitions.items():
        facts_of.add_transitions(name, transitions)
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
        when = None
        if step.where is not None:
            known = {field: f"data.{field}" for field in self._known_fields(step.event)}
            when = located(partial(compile_condition, step.where, "data", known), "steps", name, "where")
        self._add(step.event, name, _step_merger(name), when)

    def add_register(self, name: str, register: Register) -> None:
        self.fields.append((name, facts.Registered | None, None))
        readers = [
            located(partial(self._reader, register.event, field), "registers", name, "fields", at)
            for at, field in enumerate(register.fields)
        ]
        self._add(register.event, name, _register_merger(name, readers))

    def add_map(self, name: str, event: str, key: str, field: str) -> None:
        self.fields.append((name, dict[str, facts.Registered], {}))
        read_key = located(partial(self._reader, event, key, str), "maps", name, "key")
        read_value = located(partial(self._reader, event, field, int), "maps", name, "field")
        self._add(event, name, _map_merger(name, read_key, read_value))

    def add_transitions(self, name: str, transitions: Sequence[Transition]) -> None:
        self.fields.append((name, dict[str, list[facts.Change]], {}))
        for at, transition in enumerate(transitions):
            self._add(transition.event, name, self._transition_merger(transition, name, at))

    def _transition_merger(self, transition: Transition, name: str, at: int) -> Merger:
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

        def merge(row: Row, event: Event) -> int:
            value = read_state(event) if constant is None else constant
            if value is None:
                return 0
            changes: list[facts.Change] = getattr(row, name).setdefault(read_key(event) or "", [])
            change = (event.time_ms, event.digest, int(value), read_kind(event) or None)
            return facts.bounded(facts.add_change, changes, change, facts.TRANSITIONS_KEPT)

        return merge

    def _add(
        self,
        type_: str,
        fact: str,
        into: Merger,
        when: Callable[[Any], bool] | None = None,
    ) -> None:
        self.merges.setdefault(type_, []).append(Merge(fact, when, into))

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


def _map_merger(name: str, read_key: Reader, read_value: Reader) -> Merger:
    def merge(row: Row, event: Event) -> int:
        registers: dict[str, facts.Registered] = getattr(row, name)
        key = read_key(event) or f"{event.digest:016x}"  # without a key it is known by its event
        new = _registered(event, (read_value(event),))
        if not facts.wins(new, registers.get(key)):
            return 0
        registers[key] = new
        return CHANGED

    return merge


def _registered(event: Event, values: tuple[Any, ...]) -> facts.Registered:
    return (event.data.revision or 0, event.time_ms, event.digest, values)
